-- quarantine_place: where one refused input lies, by its place in the events topic, of whatever tenant, waiting or solved
SELECT {{columns}}
FROM {{database}}.quarantine_versions FINAL
WHERE deleted = 0
    AND input_epoch = {epoch:Int32} AND input_partition = {partition:Int32} AND input_offset = {offset:Int64}
LIMIT {limit:UInt32}

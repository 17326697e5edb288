-- quarantine_solution: one solved input by its place in the events topic
SELECT {{columns}}
FROM {{database}}.quarantine_solved
WHERE tenant_id IN ({tenant:String}, '')
    AND input_epoch = {epoch:Int32} AND input_partition = {partition:Int32} AND input_offset = {offset:Int64}
LIMIT 1

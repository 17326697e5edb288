-- held: what waits now, the next to be released first
SELECT {{columns}}
FROM {{database}}.held
WHERE tenant_id = {tenant:String}
ORDER BY deadline, input_epoch, input_partition, input_offset
LIMIT {limit:UInt32}

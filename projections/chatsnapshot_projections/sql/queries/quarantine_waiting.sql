-- quarantine_waiting: places of what waits, without its bytes, as the quarantine topic has them; reason '': any
SELECT {{columns}}
FROM {{database}}.quarantine
WHERE (tenant_id IN {tenants:Array(String)} OR {all_tenants:Bool}) AND {reason:String} IN ('', reason)
ORDER BY input_partition, quarantine_offset
LIMIT {limit:UInt32}

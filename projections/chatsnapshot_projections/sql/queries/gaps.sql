-- gaps: source numbers that are missing in one run
SELECT {{columns}}
FROM {{database}}.gaps
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY source_instance, missing_from
LIMIT {limit:UInt32}

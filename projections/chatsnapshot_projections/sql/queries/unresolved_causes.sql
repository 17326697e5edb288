-- unresolved_causes: causes of one run that are named and not there
SELECT {{columns}}
FROM {{database}}.unresolved_causes
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY sequence_no, kind, cause_id
LIMIT {limit:UInt32}

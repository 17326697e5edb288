-- timeline: spans of one run, in the order in which they began
SELECT {{columns}}
FROM {{database}}.timeline
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY position
LIMIT {limit:UInt32}

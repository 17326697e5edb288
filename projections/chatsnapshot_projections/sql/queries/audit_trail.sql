-- audit_trail: actions of one run, in the order in which they began
SELECT {{columns}}
FROM {{database}}.audit_trail
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY sequence_no, event_id, tool_call_id
LIMIT {limit:UInt32}

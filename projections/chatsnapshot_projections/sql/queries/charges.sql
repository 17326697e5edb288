-- charges: every usage line of one run that counts, with its price
SELECT {{columns}}
FROM {{database}}.charges
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY sequence_no, ordinal
LIMIT {limit:UInt32}

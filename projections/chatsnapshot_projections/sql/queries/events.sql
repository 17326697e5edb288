-- events: ledger records of one run behind a sequence number, every field
SELECT {{columns}}
FROM {{database}}.ledger FINAL
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String} AND sequence_no > {after:Int64}
ORDER BY sequence_no
LIMIT {limit:UInt32}

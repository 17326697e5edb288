-- every record of one run as the table shows it
SELECT sequence_no, hash
FROM {database:Identifier}.ledger FINAL
WHERE tenant_id = {tenant:String} AND correlation_id = {correlation:String}
ORDER BY sequence_no

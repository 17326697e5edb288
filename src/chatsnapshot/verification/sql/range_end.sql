-- the last run of a range of so many records behind a run; no row: the range goes to the end
SELECT tenant_id, correlation_id
FROM {database:Identifier}.ledger
WHERE tenant_id > {ta:String} OR (tenant_id = {ta:String} AND correlation_id > {ca:String})
ORDER BY tenant_id, correlation_id
LIMIT 1 OFFSET {records:UInt64}

-- every record of one run as the table shows it: its hash, and a digest of all other columns (row_digest.sql)
SELECT
    sequence_no,
    hash,
    {{row_digest}} AS content
FROM {database:Identifier}.ledger FINAL
WHERE tenant_id = {tenant:String} AND correlation_id = {correlation:String}
ORDER BY sequence_no

-- every run of one input partition as the table shows it: how many records, one number over their hashes, one over all
-- other columns (row_digest.sql)
SELECT
    tenant_id,
    correlation_id,
    toInt64(max(sequence_no)) AS last_no,
    toInt64(count()) AS records,
    groupBitXor(reinterpretAsUInt64(substring(hash, 1, 8))) AS digest,
    groupBitXor({{row_digest}}) AS contents
FROM {database:Identifier}.ledger FINAL
WHERE input_partition = {partition:Int32}
GROUP BY tenant_id, correlation_id

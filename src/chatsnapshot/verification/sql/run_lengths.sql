-- how many records some runs have
SELECT tenant_id, correlation_id, toInt64(max(sequence_no)) FROM {{database}}.ledger WHERE {{range}} GROUP BY tenant_id, correlation_id

-- every event of a range that may report usage, in the order of the ledger; a name in JSON may be written with escapes
SELECT tenant_id, correlation_id, toInt64(sequence_no), toInt64(toUnixTimestamp64Micro(recorded_at)), ifNull(source_agent, ''), payload
FROM {{database}}.ledger
WHERE {{range}} AND (position(payload, '"usage"') > 0 OR position(payload, '\\u') > 0)
ORDER BY tenant_id, correlation_id, sequence_no

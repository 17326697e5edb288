-- who caused whom in one run: the light columns of every record
SELECT
    sequence_no, toString(event_id) AS event_id, event_type, toString(cause) AS cause,
    toString(causation_id) AS causation_id, causation_correlation_id,
    arrayMap(id -> toString(id), caused_by) AS caused_by,
    ifNull(source_agent, source_service) AS who,
    leftUTF8(payload, 300) AS preview
FROM {database:Identifier}.ledger FINAL
WHERE tenant_id = {tenant:String} AND correlation_id = {correlation:String}
ORDER BY sequence_no
LIMIT {limit:UInt32}

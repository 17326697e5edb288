-- the records of one run after a sequence number, every field, as the ledger recorded them; times in microseconds
SELECT
    hash, prev_hash, sequence_no, toUnixTimestamp64Micro(recorded_at) AS recorded_at,
    input_epoch, input_partition, input_offset, gap_before, late, toString(cause) AS cause,
    toString(event_id) AS event_id, tenant_id, correlation_id, toString(causation_id) AS causation_id,
    causation_correlation_id, arrayMap(id -> toString(id), caused_by) AS caused_by, event_type,
    toUnixTimestamp64Micro(timestamp) AS timestamp, toString(source_origin) AS source_origin, source_runtime,
    source_service, source_instance, source_agent, source_seq, subject_id, headers, payload, payload_ref
FROM {database:Identifier}.ledger
WHERE tenant_id = {tenant:String} AND correlation_id = {correlation:String} AND sequence_no > {after:Int64}
ORDER BY sequence_no
LIMIT {limit:UInt32}

-- every run of one input partition as the table shows it: how many records, one number over their hashes, one over all
-- other columns (the text of row_digest.py)
SELECT
    tenant_id,
    correlation_id,
    toInt64(max(sequence_no)) AS last_no,
    toInt64(count()) AS records,
    groupBitXor(reinterpretAsUInt64(substring(hash, 1, 8))) AS digest,
    groupBitXor(reinterpretAsUInt64(substring(SHA256(concat(
        toString(sequence_no), '\0', lower(hex(prev_hash)), '\0', toString(toUnixTimestamp64Micro(recorded_at)), '\0',
        toString(input_epoch), '\0', toString(input_partition), '\0', toString(input_offset), '\0', toString(gap_before), '\0',
        toString(toUInt8(late)), '\0', cause, '\0', toString(event_id), '\0',
        ifNull(concat('=', toString(causation_id)), '-'), '\0', ifNull(concat('=', causation_correlation_id), '-'), '\0',
        arrayStringConcat(arrayMap(id -> toString(id), caused_by), ','), '\0', event_type, '\0',
        toString(toUnixTimestamp64Micro(timestamp)), '\0', source_origin, '\0', source_runtime, '\0', source_service, '\0',
        ifNull(concat('=', source_instance), '-'), '\0', ifNull(concat('=', source_agent), '-'), '\0',
        ifNull(concat('=', toString(source_seq)), '-'), '\0', ifNull(concat('=', subject_id), '-'), '\0',
        arrayStringConcat(arrayMap((name, value) -> concat(name, '=', value, '\x01'), mapKeys(headers), mapValues(headers))), '\0',
        ifNull(concat('=', payload_ref.uri, '\x01', payload_ref.sha256, '\x01', toString(payload_ref.bytes)), '-'), '\0', payload)), 1, 8))) AS contents
FROM {database:Identifier}.ledger FINAL
WHERE input_partition = {partition:Int32}
GROUP BY tenant_id, correlation_id

-- a digest of every column of a ledger record but its hash, tenant and correlation: the text of row_digest.py
reinterpretAsUInt64(substring(SHA256(concat(
    toString(sequence_no), '\0', lower(hex(prev_hash)), '\0', toString(toUnixTimestamp64Micro(recorded_at)), '\0',
    toString(input_epoch), '\0', toString(input_partition), '\0', toString(input_offset), '\0', toString(gap_before), '\0',
    toString(toUInt8(late)), '\0', cause, '\0', toString(event_id), '\0',
    ifNull(concat('=', toString(causation_id)), '-'), '\0', ifNull(concat('=', causation_correlation_id), '-'), '\0',
    arrayStringConcat(arrayMap(id -> toString(id), caused_by), ','), '\0', event_type, '\0',
    toString(toUnixTimestamp64Micro(timestamp)), '\0', source_origin, '\0', source_runtime, '\0', source_service, '\0',
    ifNull(concat('=', source_instance), '-'), '\0', ifNull(concat('=', source_agent), '-'), '\0',
    ifNull(concat('=', toString(source_seq)), '-'), '\0', ifNull(concat('=', subject_id), '-'), '\0',
    arrayStringConcat(arrayMap((name, value) -> concat(name, '=', value, '\x01'), mapKeys(headers), mapValues(headers))), '\0',
    ifNull(concat('=', payload_ref.uri, '\x01', payload_ref.sha256, '\x01', toString(payload_ref.bytes)), '-'), '\0', payload)), 1, 8))

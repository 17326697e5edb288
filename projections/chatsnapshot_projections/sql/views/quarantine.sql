-- quarantine: inputs that could not be recorded and wait for a person, with their original bytes.
-- columns as quarantine_versions: input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id
-- columns as quarantine_versions: event_type, source_instance, source_seq, reason, detail, first_seen, message_key
-- columns as quarantine_versions: original, quarantine_offset
SELECT
    input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id, event_type, source_instance, source_seq,
    reason, detail, first_seen, message_key, original, quarantine_offset
FROM {{database}}.quarantine_versions FINAL
WHERE deleted = 0 AND solution = ''

-- quarantine_solved: inputs that could not be recorded, and how somebody solved them; `chatsnapshot quarantine show` has the bytes.
-- columns as quarantine_versions: input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id
-- columns as quarantine_versions: event_type, source_instance, source_seq, reason, detail, first_seen, message_key
-- columns as quarantine_versions: quarantine_offset, solution, solved_at, solved_by, because, edited, sent_event_id
-- columns as quarantine_versions: sent_partition, sent_offset, fact_event_id
SELECT
    input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id, event_type, source_instance, source_seq,
    reason, detail, first_seen, message_key, quarantine_offset, solution, solved_at, solved_by, because, edited, sent_event_id,
    sent_partition, sent_offset, fact_event_id
FROM {{database}}.quarantine_versions FINAL
WHERE deleted = 0 AND solution != ''

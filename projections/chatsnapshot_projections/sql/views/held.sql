-- held: events that wait now for a cause or a predecessor.
-- columns as held_versions: input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id, event_type
-- columns as held_versions: waiting_for, appended_at, deadline
-- column state_offset: offset of the entry in the state topic
SELECT
    input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id, event_type, waiting_for, appended_at,
    deadline, version AS state_offset
FROM {{database}}.held_versions FINAL
WHERE deleted = 0

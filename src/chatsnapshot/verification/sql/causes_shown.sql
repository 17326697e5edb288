-- the edges that view workflow_edges draws for causes
SELECT DISTINCT
    tenant_id, correlation_id, CAST(kind, 'String') AS kind, toString(from_event_id) AS cause_id, toString(to_event_id) AS effect_id,
    to_sequence_no AS sequence_no
FROM {{database}}.workflow_edges
WHERE kind IN ('cause', 'caused_by') OR (kind = 'external' AND isNotNull(to_event_id))

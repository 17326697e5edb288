-- unresolved_causes: causes that events of a run name and the ledger does not have, as of now.
-- An event whose cause did not come within the bound is recorded as `unresolved`; when the cause arrives later, the row goes.
-- Causes in other runs are checked by `chatsnapshot verify`.
-- columns as ledger: tenant_id, correlation_id, sequence_no, event_id, event_type, recorded_at
-- column kind: cause: named by causation_id; caused_by: one of the further causes
-- column cause_id: id of the event that is not there
-- column waits_in: where that event waits: held, quarantine; empty: it was never seen, or somebody discarded it
SELECT
    e.tenant_id AS tenant_id, e.correlation_id AS correlation_id, e.sequence_no AS sequence_no, e.event_id AS event_id,
    e.event_type AS event_type, e.recorded_at AS recorded_at, e.kind AS kind, e.cause_id AS cause_id, w.place AS waits_in
FROM
(
    SELECT
        tenant_id, correlation_id, sequence_no, event_id, event_type, recorded_at, link.1 AS kind, link.2 AS cause_id,
        toString(cause_id) AS cause_text
    FROM {{database}}.ledger FINAL
    ARRAY JOIN arrayConcat(
        if(isNotNull(causation_id) AND ifNull(causation_correlation_id, correlation_id) = correlation_id,
            [('cause', assumeNotNull(causation_id))], []),
        arrayMap(id -> ('caused_by', id), caused_by)) AS link
    WHERE cause = 'unresolved'
) AS e
LEFT ANTI JOIN
(
    SELECT tenant_id, correlation_id, event_id
    FROM {{database}}.ledger FINAL
    WHERE (tenant_id, correlation_id) IN (SELECT tenant_id, correlation_id FROM {{database}}.ledger WHERE cause = 'unresolved')
) AS c ON c.tenant_id = e.tenant_id AND c.correlation_id = e.correlation_id AND c.event_id = e.cause_id
LEFT ANY JOIN
(
    SELECT tenant_id, correlation_id, event_id, 'held' AS place FROM {{database}}.held
    UNION ALL
    SELECT tenant_id, correlation_id, event_id, 'quarantine' AS place FROM {{database}}.quarantine
) AS w ON w.tenant_id = e.tenant_id AND w.correlation_id = e.correlation_id AND w.event_id = e.cause_text
SETTINGS do_not_merge_across_partitions_select_final = 1

-- timeline: what happened in a run as spans, start and end, call and result folded, ordered as the ledger recorded them.
-- A span without an end is open; what has neither start nor end (a message) is a point, or a span where its event says how
-- long it took. Order and concurrency follow from sequence numbers; times are the producers' and only informative.
-- columns as workflow_facts: tenant_id, correlation_id, node_id, agent, parent_entity_id, tool_call_id
-- column position: place of the span in its run, from 1: spans are ordered by their first event
-- column kind: entity, tool_call, integration_call, request, message, interaction, or the kind of a state change
-- column name: first name that was recorded for it
-- column status: scheduled, running, paused, completed, failed, cancelled, skipped, or recorded: it happened at once
-- column outcome: last status of a result or decision of a person, as given
-- column attempt: highest number of an attempt
-- column first_sequence_no: its first event
-- column last_sequence_no: its last event so far
-- column first_event_id: id of its first event
-- column last_event_id: id of its last event so far
-- column events: how many events belong to it
-- column spans_open: spans that had begun and not ended in the ledger when it began, itself included; more than 1: concurrent
-- column scheduled_at: when it was asked for, where that was recorded apart from its start
-- column started_at: when it started: as its event says, else time of the start, else of the first event
-- column ended_at: time of its last event; null while it is open
-- column duration_ms: how long it took; null while it is open, for a point, and where clocks contradict each other
-- column duration_source: reported: the event says so; timestamps: ended_at - started_at; empty: no duration
SELECT
    tenant_id, correlation_id,
    row_number() OVER (PARTITION BY tenant_id, correlation_id ORDER BY first_sequence_no, first_ordinal, node_id) AS position,
    node_id, kind, name, agent, parent_entity_id, tool_call_id, status, outcome, attempt, first_sequence_no, last_sequence_no,
    first_event_id, last_event_id, events, toUInt64(open_spans) AS spans_open, scheduled_at, started_at, ended_at,
    multiIf(is_open, NULL, isNotNull(reported_ms), reported_ms, measured_ms >= 0, measured_ms, NULL) AS duration_ms,
    multiIf(isNull(duration_ms), '', isNotNull(reported_ms), 'reported', 'timestamps') AS duration_source
FROM
(
    SELECT
        *, turn,
        sum(turn.2) OVER (PARTITION BY tenant_id, correlation_id ORDER BY turn.1) AS open_spans,
        if(is_open OR (isNull(said_start) AND events = 1), NULL, dateDiff('microsecond', started_at, assumeNotNull(ended_at)) / 1000) AS measured_ms
    FROM
    (
        SELECT
            *,
            multiIf(
                isNotNull(said_start), assumeNotNull(said_start),
                events = 1 AND isNotNull(reported_ms), toDateTime64(subtractMicroseconds(last_at, toInt64(reported_ms * 1000)), 6, 'UTC'),
                start_at != toDateTime64(0, 6, 'UTC'), start_at,
                first_at) AS started_at,
            if(is_open, NULL, last_at) AS ended_at,
            if(asked_at != toDateTime64(0, 6, 'UTC'), asked_at, NULL) AS scheduled_at
        FROM
        (
            SELECT
                tenant_id, correlation_id, node_id,
                argMin(fact.node_kind, place) AS kind,
                argMinIf(fact.name, place, fact.name != '') AS name,
                argMinIf(fact.agent, place, fact.agent != '') AS agent,
                argMaxIf(fact.parent_entity_id, place, fact.parent_entity_id != '') AS parent_entity_id,
                argMinIf(fact.tool_call_id, place, fact.tool_call_id != '') AS tool_call_id,
                argMaxIf(fact.phase, place, fact.phase != '') AS phase,
                multiIf(phase = '', 'recorded', phase IN ('started', 'resumed'), 'running', phase) AS status,
                status IN ('scheduled', 'running', 'paused') AS is_open,
                argMaxIf(fact.outcome, place, fact.outcome != '') AS outcome,
                max(fact.attempt) AS attempt,
                min(fact.sequence_no) AS first_sequence_no,
                max(fact.sequence_no) AS last_sequence_no,
                argMin(fact.ordinal, place) AS first_ordinal,
                argMin(fact.event_id, place) AS first_event_id,
                argMax(fact.event_id, place) AS last_event_id,
                uniqExact(fact.sequence_no) AS events,
                argMin(fact.timestamp, place) AS first_at,
                argMax(fact.timestamp, place) AS last_at,
                argMinIf(fact.timestamp, place, fact.phase = 'scheduled') AS asked_at,
                argMinIf(fact.timestamp, place, fact.phase = 'started') AS start_at,
                argMaxIf(toNullable(fact.reported_started_at), place, isNotNull(fact.reported_started_at)) AS said_start,
                argMaxIf(toNullable(fact.reported_duration_ms), place, isNotNull(fact.reported_duration_ms)) AS reported_ms
            FROM
            (
                SELECT
                    tenant_id, correlation_id, node_id, node_kind, name, agent, parent_entity_id, tool_call_id, phase, outcome,
                    attempt, sequence_no, ordinal, event_id, timestamp, reported_started_at, reported_duration_ms,
                    (sequence_no, ordinal) AS place
                FROM {{database}}.workflow_facts FINAL
            ) AS fact
            GROUP BY tenant_id, correlation_id, node_id
        )
    )
    ARRAY JOIN multiIf(
        is_open, [(first_sequence_no, 1)],
        last_sequence_no > first_sequence_no, [(first_sequence_no, 1), (last_sequence_no, -1)],
        [(first_sequence_no, 0)]) AS turn
)
WHERE turn.1 = first_sequence_no
SETTINGS do_not_merge_across_partitions_select_final = 1

-- workflow_nodes: the nodes of a run's graph, start and end, call and result folded into one row each.
-- Order is the ledger's sequence; the last phase that was recorded decides. The agents that a handoff names are nodes, too.
-- status: scheduled, running, paused, completed, failed, cancelled, skipped, or recorded (it happened at once).
-- columns as workflow_facts: tenant_id, correlation_id, agent, parent_entity_id
-- column node_id: node of the graph
-- column kind: entity, tool_call, integration_call, request, message, interaction, agent, or the kind of a state change
-- column name: first name that was recorded for it
-- column phase: last phase that was recorded; empty: it happened at once
-- column status: what the phase means for the node: see above
-- column outcome: last status of a result or decision of a person, as given
-- column attempt: highest number of an attempt
-- column first_sequence_no: its first event
-- column last_sequence_no: its last event so far
-- column first_event_id: id of its first event
-- column last_event_id: id of its last event so far
-- column started_at: time of its first event by the producer, UTC
-- column ended_at: time of its last event by the producer, UTC; null while it is open
-- column events: how many events belong to it
SELECT
    tenant_id, correlation_id, node_id,
    argMin(fact.node_kind, place) AS kind,
    argMinIf(fact.name, place, fact.name != '') AS name,
    argMinIf(fact.agent, place, fact.agent != '') AS agent,
    argMaxIf(fact.parent_entity_id, place, fact.parent_entity_id != '') AS parent_entity_id,
    argMaxIf(fact.phase, place, fact.phase != '') AS phase,
    multiIf(phase = '', 'recorded', phase IN ('started', 'resumed'), 'running', phase) AS status,
    argMaxIf(fact.outcome, place, fact.outcome != '') AS outcome,
    max(fact.attempt) AS attempt,
    min(fact.sequence_no) AS first_sequence_no,
    max(fact.sequence_no) AS last_sequence_no,
    argMin(fact.event_id, place) AS first_event_id,
    argMax(fact.event_id, place) AS last_event_id,
    argMin(fact.timestamp, place) AS started_at,
    if(status IN ('scheduled', 'running', 'paused'), NULL, argMax(fact.timestamp, place)) AS ended_at,
    uniqExact(fact.sequence_no) AS events
FROM
(
    SELECT
        tenant_id, correlation_id, node_id, node_kind, name, agent, parent_entity_id, phase, outcome, attempt, sequence_no,
        ordinal, event_id, timestamp, (sequence_no, ordinal) AS place
    FROM {{database}}.workflow_facts FINAL
    UNION ALL
    SELECT
        tenant_id, correlation_id, concat('agent:', party) AS node_id, 'agent' AS node_kind, party AS name, party AS agent,
        '' AS parent_entity_id, '' AS phase, '' AS outcome, toUInt32(1) AS attempt, sequence_no, ordinal, event_id, timestamp,
        (sequence_no, ordinal) AS place
    FROM {{database}}.workflow_facts AS h FINAL
    ARRAY JOIN arrayFilter(part -> part != '', [if(h.from_agent != '', toString(h.from_agent), toString(h.agent)), toString(h.to_agent)]) AS party
    WHERE h.node_kind = 'handoff' AND h.to_agent != ''
) AS fact
GROUP BY tenant_id, correlation_id, node_id
SETTINGS do_not_merge_across_partitions_select_final = 1

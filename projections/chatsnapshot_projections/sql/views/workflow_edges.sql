-- workflow_edges: the edges of a run's graph, each drawn from something that was recorded, never from times.
--   cause, caused_by: from the cause's node; resolved = false where the cause is not in the ledger (yet)
--   call_result: from a call's event to its result's (one node: they are folded)
--   depends_on, parent: between entities, by id; parent also from parent_agent_run_id
--   handoff: between agents
--   fork: from a place in another run
--   external: a cause in another run, or the run that a call or handoff started (to_correlation_id)
-- A batch of calls is one event and several nodes: an edge from it to the result of one of its calls is drawn for that call
-- only; to anything else, a result of another call included, one from each.
-- columns as workflow_facts: tenant_id, correlation_id
-- column kind: cause, caused_by, call_result, depends_on, parent, handoff, fork or external
-- column from_node: node that it comes from; empty: in another run, or not recorded
-- column to_node: node that it goes to; empty: in another run
-- column from_event_id: event that it comes from; null where it comes from a name
-- column to_event_id: event that it goes to; null: in another run
-- column from_sequence_no: place of from_event_id in its run; 0: unknown
-- column to_sequence_no: place of to_event_id in its run; 0: unknown
-- column from_correlation_id: run that it comes from
-- column to_correlation_id: run that it goes to
-- column resolved: false: what it comes from is not in the ledger, so far
WITH
    facts AS (SELECT * FROM {{database}}.workflow_facts FINAL),
    causes AS
    (
        SELECT
            tenant_id, correlation_id, sequence_no, ordinal, event_id, node_id, primitive, link.1 AS kind, link.2 AS cause_id
        FROM facts
        ARRAY JOIN arrayConcat(
            if(causation_correlation_id IN ('', correlation_id), arrayMap(id -> ('cause', id), arrayFilter(id -> isNotNull(id), [causation_id])), []),
            arrayMap(id -> ('caused_by', toNullable(id)), caused_by)) AS link
    ),
    entities AS
    (
        SELECT tenant_id, correlation_id, entity_id, argMin(f.node_id, f.sequence_no) AS node_id, min(f.sequence_no) AS sequence_no
        FROM facts AS f
        WHERE entity_id != ''
        GROUP BY tenant_id, correlation_id, entity_id
    ),
    entity_links AS
    (
        SELECT
            tenant_id, correlation_id, node_id, link.1 AS kind, link.2 AS other_id,
            min(f.sequence_no) AS sequence_no, argMin(f.event_id, f.sequence_no) AS event_id
        FROM facts AS f
        ARRAY JOIN arrayConcat(
            arrayMap(id -> ('depends_on', id), depends_on),
            arrayMap(id -> ('parent', id), arrayFilter(id -> id != '', [multiIf(
                parent_entity_id != '', parent_entity_id,
                entity_id != '', parent_agent_run_id,
                '')]))) AS link
        GROUP BY tenant_id, correlation_id, node_id, kind, other_id
    )
SELECT
    e.tenant_id AS tenant_id, e.correlation_id AS correlation_id, e.kind AS kind,
    c.node_id AS from_node, e.node_id AS to_node, e.cause_id AS from_event_id, toNullable(e.event_id) AS to_event_id,
    c.sequence_no AS from_sequence_no, e.sequence_no AS to_sequence_no,
    e.correlation_id AS from_correlation_id, e.correlation_id AS to_correlation_id, c.sequence_no > 0 AS resolved
FROM causes AS e
LEFT JOIN facts AS c ON c.tenant_id = e.tenant_id AND c.correlation_id = e.correlation_id AND c.event_id = e.cause_id
LEFT ANY JOIN
(
    SELECT tenant_id, correlation_id, event_id, node_id, true AS is_there
    FROM facts
    WHERE primitive = 'execution.tool_call' AND startsWith(node_id, 'call:')
) AS own
    ON own.tenant_id = e.tenant_id AND own.correlation_id = e.correlation_id AND own.event_id = e.cause_id AND own.node_id = e.node_id
WHERE NOT (e.primitive = 'execution.tool_result' AND own.is_there AND e.node_id != c.node_id)
UNION ALL
SELECT
    r.tenant_id, r.correlation_id, 'call_result', c.node_id, r.node_id, toNullable(c.event_id), toNullable(r.event_id),
    c.sequence_no, r.sequence_no, r.correlation_id, r.correlation_id, true
FROM (SELECT * FROM facts WHERE primitive = 'execution.tool_result' AND startsWith(node_id, 'call:')) AS r
INNER JOIN (SELECT * FROM facts WHERE primitive = 'execution.tool_call' AND startsWith(node_id, 'call:')) AS c
    ON c.tenant_id = r.tenant_id AND c.correlation_id = r.correlation_id AND c.node_id = r.node_id
UNION ALL
SELECT
    l.tenant_id, l.correlation_id, l.kind, n.node_id, l.node_id, NULL, toNullable(l.event_id),
    n.sequence_no, l.sequence_no, l.correlation_id, l.correlation_id, n.sequence_no > 0
FROM entity_links AS l
LEFT JOIN entities AS n ON n.tenant_id = l.tenant_id AND n.correlation_id = l.correlation_id AND n.entity_id = l.other_id
UNION ALL
SELECT
    tenant_id, correlation_id, 'handoff', concat('agent:', if(from_agent != '', from_agent, agent)), concat('agent:', to_agent),
    toNullable(event_id), toNullable(event_id), sequence_no, sequence_no, correlation_id,
    if(child_correlation_id != '', child_correlation_id, correlation_id), true
FROM facts
WHERE node_kind = 'handoff' AND to_agent != ''
UNION ALL
SELECT
    tenant_id, correlation_id, 'fork', '', node_id, NULL, toNullable(event_id), forked_from_sequence_no, sequence_no,
    forked_from_correlation_id, correlation_id, true
FROM facts
WHERE forked_from_correlation_id != ''
UNION ALL
SELECT
    tenant_id, correlation_id, 'external', '', node_id, causation_id, toNullable(event_id), 0, sequence_no,
    causation_correlation_id, correlation_id, true
FROM facts
WHERE causation_correlation_id NOT IN ('', correlation_id)
UNION ALL
SELECT
    tenant_id, correlation_id, 'external', node_id, '', toNullable(event_id), NULL, sequence_no, 0,
    correlation_id, child_correlation_id, true
FROM facts
WHERE child_correlation_id != ''
SETTINGS do_not_merge_across_partitions_select_final = 1

-- workflow_facts: what each event says about the shape of a run: which node of the graph it belongs to, its phase, its
-- causes, and what it names (parent, dependencies, handoff, fork). One row an event, one a call for `calls: [...]`.
-- Views workflow_nodes and workflow_edges fold start and end, call and result; a row never looks at another row.
-- node_id: `<entity>:<id>` of a workflow event; `call:<tool_call_id>[@agent_run_id][#attempt]` of a call, its start and its
-- result; `integration:<call_id>`; `request:<request_id>` of a question to a person and the answer; else `event:<event_id>`.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    tenant_id LowCardinality(String) COMMENT 'owner of the run',
    correlation_id String CODEC(ZSTD(1)) COMMENT 'the run, workflow or session: the scope of order',
    sequence_no Int64 CODEC(Delta, ZSTD(1)) COMMENT 'place of the event in its run, dense from 1',
    ordinal UInt16 COMMENT 'place of the row within its event, from 0',
    recorded_at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'append time of the input on the broker, UTC',
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'clock of the producer, UTC; informative, it never decides order',
    event_id UUID COMMENT 'id of the event',
    event_type LowCardinality(String) COMMENT 'dotted type as recorded; view event_types lists the known ones',
    primitive LowCardinality(String) COMMENT 'the one of the seven primitives that the type maps to',
    cause LowCardinality(String) COMMENT 'root, linked, external or unresolved when it was recorded',
    causation_id Nullable(UUID) COMMENT 'the event that caused this one; null for a root',
    causation_correlation_id String CODEC(ZSTD(1)) COMMENT 'run of that cause when it is another one, else empty',
    caused_by Array(UUID) COMMENT 'further causes in the same run',
    node_id String CODEC(ZSTD(1)) COMMENT 'node of the graph that this fact belongs to',
    node_kind LowCardinality(String) COMMENT 'entity, tool_call, integration_call, request, message, interaction, or the kind of a state change',
    name String CODEC(ZSTD(1)) COMMENT 'name of the node as this fact says it',
    phase LowCardinality(String) COMMENT 'scheduled, started, paused, resumed, completed, failed, cancelled, skipped; empty: happened at once',
    outcome LowCardinality(String) COMMENT 'status of a result or decision of a person, as given',
    entity LowCardinality(String) COMMENT 'of a workflow event: run, workflow, task, node or agent',
    entity_id String CODEC(ZSTD(1)) COMMENT 'of a workflow event: id of that entity',
    parent_entity_id String CODEC(ZSTD(1)) COMMENT 'entity above it',
    depends_on Array(String) CODEC(ZSTD(1)) COMMENT 'entities that had to end before',
    workflow_name LowCardinality(String) COMMENT 'as the payload says',
    user_id String CODEC(ZSTD(1)) COMMENT 'the person who acted or for whom it was done, as the payload says',
    agent LowCardinality(String) COMMENT 'who acted: payload.agent, else source.agent',
    agent_run_id String CODEC(ZSTD(1)) COMMENT 'run of the agent itself, for sub-agents',
    parent_agent_run_id String CODEC(ZSTD(1)) COMMENT 'agent run that started this one',
    tool_call_id String CODEC(ZSTD(1)) COMMENT 'id that pairs a call with its result',
    attempt UInt32 COMMENT 'number of the attempt, from 1',
    from_agent LowCardinality(String) COMMENT 'of a handoff: who gave it away',
    to_agent LowCardinality(String) COMMENT 'of a handoff: who took it',
    child_correlation_id String CODEC(ZSTD(1)) COMMENT 'run that was started by this call or handoff',
    forked_from_correlation_id String CODEC(ZSTD(1)) COMMENT 'run that this one branched off from',
    forked_from_sequence_no Int64 CODEC(ZSTD(1)) COMMENT 'place in that run where it branched off',
    reported_started_at Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)) COMMENT 'started_at of the payload, where it is a time',
    reported_duration_ms Nullable(Float64) CODEC(ZSTD(1)) COMMENT 'duration_ms of the payload',
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (tenant_id, correlation_id, sequence_no, ordinal)
SETTINGS {{table_settings}}

-- projection
SELECT
    tenant_id, correlation_id, sequence_no, toUInt16(position - 1) AS ordinal, recorded_at, timestamp,
    event_id, event_type, primitive, cause, causation_id, causation_correlation_id, caused_by,
    multiIf(
        is_call, if(tool_call_id != '', concat('call:', tool_call_id, if(agent_run_id = '', '', concat('@', agent_run_id)), if(attempt = 1, '', concat('#', toString(attempt)))), own_node_id),
        own_node_id) AS node_id,
    node_kind,
    if(call.name != '', leftUTF8(call.name, 256), own_name) AS name,
    phase, outcome, entity, entity_id, parent_entity_id, depends_on, workflow_name, user_id, agent, agent_run_id, parent_agent_run_id,
    if(call.tool_call_id != '', leftUTF8(call.tool_call_id, 256), own_tool_call_id) AS tool_call_id,
    attempt, from_agent, to_agent,
    if(call.child_correlation_id != '', leftUTF8(call.child_correlation_id, 256), own_child_correlation_id) AS child_correlation_id,
    forked_from_correlation_id, forked_from_sequence_no, reported_started_at, reported_duration_ms
FROM
(
    WITH
        arrayMap(
            call -> JSONExtract(ifNull(call, ''), 'Tuple(tool_call_id String, name String, child_correlation_id String)'),
            arraySlice(p.calls, 1, if(primitive = 'execution.tool_call', 256, 0))) AS listed_calls,
        multiIf(p.kind != '', p.kind, event_type = 'execution.input_requested', 'input.requested', substring(event_type, 11)) AS state_kind,
        multiIf(
            primitive = 'execution.tool_call', 'call',
            primitive = 'execution.tool_result', 'result',
            primitive = 'system.workflow_event', 'workflow',
            primitive = 'integration.call', 'integration',
            primitive = 'ui.interaction', if(p.request_id = '', 'interaction', 'answer'),
            primitive = 'execution.message', 'message',
            state_kind = 'tool.started', if(p.tool_call_id = '', 'state', 'call_started'),
            state_kind IN ('input.requested', 'approval.requested'), if(p.request_id = '', 'state', 'request'),
            'state') AS part
    SELECT
        tenant_id, correlation_id, sequence_no, recorded_at, timestamp, event_id, event_type, primitive, cause, causation_id,
        ifNull(causation_correlation_id, '') AS causation_correlation_id, caused_by,
        part IN ('call', 'result', 'call_started') AS is_call,
        leftUTF8(if(p.entity != '', p.entity, declared_entity), 256) AS entity,
        leftUTF8(p.parent_entity_id, 256) AS parent_entity_id,
        leftUTF8(multiIf(
            p.entity_id != '', p.entity_id,
            entity IN ('run', 'workflow'), if(parent_entity_id = '', correlation_id, ''),
            ''), 256) AS entity_id,
        multiIf(
            part = 'workflow', if(entity_id = '', concat('event:', toString(event_id)), concat(entity, ':', entity_id)),
            part = 'integration', if(p.call_id = '', concat('event:', toString(event_id)), concat('integration:', leftUTF8(p.call_id, 256))),
            part IN ('request', 'answer'), concat('request:', leftUTF8(p.request_id, 256)),
            concat('event:', toString(event_id))) AS own_node_id,
        leftUTF8(multiIf(
            part = 'workflow', if(entity = '', 'workflow_event', entity),
            is_call, 'tool_call',
            part = 'integration', 'integration_call',
            part IN ('request', 'answer'), 'request',
            part = 'state', state_kind,
            part), 256) AS node_kind,
        leftUTF8(multiIf(
            part = 'integration', concat(p.service, if(p.service = '', '', if(p.operation = '', '', '.')), p.operation),
            p.name != '', p.name,
            part = 'workflow', if(p.workflow_name != '', p.workflow_name, entity_id),
            part IN ('interaction', 'answer'), p.action,
            ''), 256) AS own_name,
        leftUTF8(multiIf(
            part = 'call', 'scheduled',
            part IN ('call_started', 'request'), 'started',
            part = 'answer', 'completed',
            part = 'result', multiIf(
                p.status IN ('error', 'not_found'), 'failed',
                p.status IN ('denied', 'cancelled', 'abandoned'), 'cancelled',
                'completed'),
            part = 'workflow', if(p.phase != '', p.phase, declared_phase),
            part = 'integration', p.phase,
            state_kind = 'error', 'failed',
            ''), 256) AS phase,
        leftUTF8(if(p.status != '', p.status, p.decision), 256) AS outcome,
        arrayMap(id -> leftUTF8(id, 256), p.depends_on) AS depends_on,
        leftUTF8(p.workflow_name, 256) AS workflow_name,
        leftUTF8(p.user_id, 256) AS user_id,
        leftUTF8(if(p.agent != '', p.agent, ifNull(source_agent, '')), 256) AS agent,
        leftUTF8(p.agent_run_id, 256) AS agent_run_id,
        leftUTF8(p.parent_agent_run_id, 256) AS parent_agent_run_id,
        leftUTF8(p.tool_call_id, 256) AS own_tool_call_id,
        toUInt32(least(greatest(p.attempt, 1), 4294967295)) AS attempt,
        leftUTF8(p.from_agent, 256) AS from_agent,
        leftUTF8(p.to_agent, 256) AS to_agent,
        leftUTF8(p.child_correlation_id, 256) AS own_child_correlation_id,
        leftUTF8(p.forked_from.correlation_id, 256) AS forked_from_correlation_id,
        p.forked_from.sequence_no AS forked_from_sequence_no,
        parseDateTime64BestEffortOrNull(p.started_at, 6, 'UTC') AS reported_started_at,
        if(p.duration_ms >= 0 AND p.duration_ms <= 1e12, p.duration_ms, NULL) AS reported_duration_ms,
        arrayResize(listed_calls, greatest(length(listed_calls), 1)) AS calls
    FROM
    (
        SELECT
            tenant_id, correlation_id, sequence_no, recorded_at, timestamp, event_id, event_type, source_agent, primitive, declared_entity, declared_phase, cause, causation_id, causation_correlation_id, caused_by,
            JSONExtract(document, 'Tuple(
                entity String, entity_id String, parent_entity_id String, name String, phase String, depends_on Array(String),
                workflow_name String, user_id String, forked_from Tuple(correlation_id String, sequence_no Int64), agent String,
                agent_run_id String, parent_agent_run_id String, started_at String, duration_ms Nullable(Float64), attempt Int64, kind String, tool_call_id String, status String,
                request_id String, from_agent String, to_agent String, child_correlation_id String, call_id String,
                service String, operation String, action String, decision String,
                calls Array(Nullable(String)))') AS p
        FROM
        (
            SELECT tenant_id, correlation_id, sequence_no, recorded_at, timestamp, event_id, event_type, source_agent, primitive, declared_entity, declared_phase, cause, causation_id, causation_correlation_id, caused_by, document
            FROM {{database}}.ledger
        )
    )
)
ARRAY JOIN calls AS call, arrayEnumerate(calls) AS position

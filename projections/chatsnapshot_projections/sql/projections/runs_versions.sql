-- runs_versions: what is known of each run, in aggregates that give the same when a row comes twice. View `runs` folds it.
-- events is max(sequence_no): numbers are dense from 1. Status and names come from the entity without a parent, so the end
-- of a sub-workflow or of a task does not close the run; an entity `workflow` goes before an entity `run`, because an agent's
-- run inside a workflow often cannot name its parent. The second argument of argMin and argMax is 0 or the largest
-- number where an event says nothing.
-- Not partitioned: a run's rows from two months must meet.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    tenant_id LowCardinality(String) COMMENT 'owner of the run',
    correlation_id String CODEC(ZSTD(1)) COMMENT 'the run, workflow or session: the scope of order',
    events SimpleAggregateFunction(max, Int64) COMMENT 'highest sequence number, which is the count',
    first_recorded_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')) COMMENT 'append time of the first event',
    last_recorded_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'append time of the last event',
    first_timestamp AggregateFunction(argMin, DateTime64(6, 'UTC'), Int64) COMMENT 'state: time by the producer of the first event',
    last_timestamp AggregateFunction(argMax, DateTime64(6, 'UTC'), Int64) COMMENT 'state: time by the producer of the last event',
    workflow_phase AggregateFunction(argMax, String, Int64) COMMENT 'state: last phase of the workflow without a parent',
    run_phase AggregateFunction(argMax, String, Int64) COMMENT 'state: last phase of the run without a parent',
    workflow_name AggregateFunction(argMin, String, Int64) COMMENT 'state: first workflow_name',
    root_name AggregateFunction(argMin, String, Int64) COMMENT 'state: first name of the entity without a parent',
    user_id AggregateFunction(argMin, String, Int64) COMMENT 'state: first user',
    services AggregateFunction(groupUniqArray(16), String) COMMENT 'state: services that took part, at most 16',
    runtimes AggregateFunction(groupUniqArray(16), String) COMMENT 'state: frameworks that took part, at most 16',
    agents AggregateFunction(groupUniqArray(64), String) COMMENT 'state: agents that took part, at most 64'
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant_id, correlation_id)
SETTINGS {{table_settings}}

-- projection
SELECT
    tenant_id, correlation_id,
    max(sequence_no) AS events,
    min(recorded_at) AS first_recorded_at,
    max(recorded_at) AS last_recorded_at,
    argMinState(timestamp, sequence_no) AS first_timestamp,
    argMaxState(timestamp, sequence_no) AS last_timestamp,
    argMaxState(if(is_workflow, phase, ''), if(is_workflow, sequence_no, 0)) AS workflow_phase,
    argMaxState(if(is_run, phase, ''), if(is_run, sequence_no, 0)) AS run_phase,
    argMinState(workflow, if(workflow = '', 9223372036854775807, sequence_no)) AS workflow_name,
    argMinState(name, if(name = '', 9223372036854775807, sequence_no)) AS root_name,
    argMinState(user, if(user = '', 9223372036854775807, sequence_no)) AS user_id,
    groupUniqArrayState(16)(CAST(source_service, 'String')) AS services,
    groupUniqArrayState(16)(CAST(source_runtime, 'String')) AS runtimes,
    groupUniqArrayState(64)(agent) AS agents
FROM
(
    WITH
        multiIf(
            primitive != 'system.workflow_event', '',
            p.parent_entity_id != '', '',
            p.entity != '', p.entity,
            declared_entity) AS root_entity
    SELECT
        tenant_id, correlation_id, sequence_no, recorded_at, timestamp, source_service, source_runtime,
        CAST(leftUTF8(if(p.phase != '', p.phase, declared_phase), 256), 'String') AS phase,
        if(phase = '', '', root_entity) = 'workflow' AS is_workflow,
        if(phase = '', '', root_entity) = 'run' AS is_run,
        leftUTF8(p.workflow_name, 256) AS workflow,
        if(root_entity IN ('workflow', 'run'), leftUTF8(p.name, 256), '') AS name,
        leftUTF8(if(p.user_id != '', p.user_id, ifNull(subject_id, '')), 256) AS user,
        leftUTF8(if(p.agent != '', p.agent, ifNull(source_agent, '')), 256) AS agent
    FROM
    (
        SELECT
            tenant_id, correlation_id, sequence_no, recorded_at, timestamp, source_service, source_runtime, source_agent, subject_id, primitive, declared_entity, declared_phase,
            JSONExtract(document, 'Tuple(entity String, parent_entity_id String, name String, phase String, workflow_name String,
                user_id String, agent String)') AS p
        FROM
        (
            SELECT tenant_id, correlation_id, sequence_no, recorded_at, timestamp, source_service, source_runtime, source_agent, subject_id, primitive, declared_entity, declared_phase, document
            FROM {{database}}.ledger
        )
    )
)
GROUP BY tenant_id, correlation_id

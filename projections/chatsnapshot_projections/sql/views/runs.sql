-- runs: one row a run. status is running until the entity without a parent ends: completed, or failed (also cancelled).
-- phase says it as recorded: started, paused, resumed, completed, failed, cancelled; '' when no lifecycle was recorded.
-- columns as ledger: tenant_id, correlation_id
-- column status: running, completed or failed
-- column phase: last phase that was recorded for the entity without a parent; empty: none
-- column workflow_name: first workflow_name, else the name of the entity without a parent
-- column user_id: first user_id, else subject_id: for whom the run is
-- column events: how many events it has, which is its last sequence number
-- column first_recorded_at: append time of the first event, UTC
-- column last_recorded_at: append time of the last event, UTC
-- column first_timestamp: time of the first event by the producer, UTC
-- column last_timestamp: time of the last event by the producer, UTC
-- column services: services that took part, at most 16
-- column runtimes: frameworks that took part, at most 16
-- column agents: agents that took part, at most 64
SELECT
    tenant_id, correlation_id,
    multiIf(phase IN ('completed', 'skipped'), 'completed', phase IN ('failed', 'cancelled'), 'failed', 'running') AS status,
    if(of_workflow != '', of_workflow, of_run) AS phase,
    if(named_workflow != '', named_workflow, named_root) AS workflow_name,
    user_id, events, first_recorded_at, last_recorded_at, first_timestamp, last_timestamp, services, runtimes, agents
FROM
(
    SELECT
        tenant_id, correlation_id,
        max(v.events) AS events,
        min(v.first_recorded_at) AS first_recorded_at,
        max(v.last_recorded_at) AS last_recorded_at,
        argMinMerge(v.first_timestamp) AS first_timestamp,
        argMaxMerge(v.last_timestamp) AS last_timestamp,
        argMaxMerge(v.workflow_phase) AS of_workflow,
        argMaxMerge(v.run_phase) AS of_run,
        argMinMerge(v.workflow_name) AS named_workflow,
        argMinMerge(v.root_name) AS named_root,
        argMinMerge(v.user_id) AS user_id,
        arraySort(groupUniqArrayMerge(16)(v.services)) AS services,
        arraySort(groupUniqArrayMerge(16)(v.runtimes)) AS runtimes,
        arraySort(arrayFilter(agent -> agent != '', groupUniqArrayMerge(64)(v.agents))) AS agents
    FROM {{database}}.runs_versions AS v
    GROUP BY tenant_id, correlation_id
)

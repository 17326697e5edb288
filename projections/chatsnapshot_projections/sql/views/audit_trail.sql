-- audit_trail: who did what in a run, on whose behalf, with which approval, and how it ended: a row an action.
-- A call and its result are one action, and so are the events of one integration call. An approval belongs to the call it
-- names, by tool_call_id or by the request that it answers; of several answers the last counts.
-- What somebody did with a quarantined event of the run is an action of that person.
-- columns as ledger: tenant_id, correlation_id, source_service, subject_id
-- column sequence_no: first event of the action
-- column last_sequence_no: last event of the action so far
-- column recorded_at: append time of the first event, UTC
-- column last_recorded_at: append time of the last event so far, UTC
-- column event_id: id of the first event
-- column last_event_id: id of the last event so far
-- column record_hash: hash of the first record, hexadecimal: what `chatsnapshot verify` recomputes
-- column actor_kind: agent, person or service
-- column actor: agent, user, or service; empty: the event does not say
-- column on_behalf_of: user of the run
-- column action_kind: tool_call, integration_call, decision, request, handoff, lifecycle, redrive or discard
-- column action: tool, service.operation, what was decided or asked, who took over, entity and phase
-- column arguments: JSON text of what the action was given
-- column outcome: status, decision or phase as recorded; empty: no end was recorded
-- column error: message, where it failed
-- column tool_call_id: of a tool call; of an integration call: its call_id
-- column request_id: of a request to a person and of its answer
-- column approval_required: the call says that a person has to agree first
-- column approval: empty: none was asked for; requested: no answer yet; else the decision
-- column approved_by: user who decided
-- column approval_sequence_no: event of the decision; 0: none
-- column approved_at: append time of the decision, UTC
WITH
    items AS
    (
        SELECT
            tenant_id, correlation_id, sequence_no, ordinal, recorded_at, event_id, event_type, primitive, item_type, agent,
            agent_run_id, user_id, content_text, tool_call_id, tool_name, attempt, call_arguments, call_status, error_text,
            request_id, approval_required, (sequence_no, ordinal) AS place,
            multiIf(
                primitive IN ('execution.tool_call', 'execution.tool_result') OR item_type = 'tool.started', 'tool_call',
                primitive = 'integration.call', 'integration_call',
                primitive = 'ui.interaction', 'decision',
                event_type = 'system.event_redriven', 'redrive',
                event_type = 'system.event_discarded', 'discard',
                item_type IN ('approval.requested', 'input.requested'), 'request',
                item_type = 'handoff', 'handoff',
                primitive = 'system.workflow_event', 'lifecycle',
                '') AS action_kind,
            multiIf(
                action_kind = 'tool_call' AND tool_call_id != '', concat('call:', tool_call_id, '@', agent_run_id, '#', toString(attempt)),
                action_kind = 'integration_call' AND tool_call_id != '', concat('integration:', tool_call_id),
                concat('event:', toString(event_id), '/', toString(ordinal))) AS action_key
        FROM {{database}}.run_items FINAL
        WHERE primitive != 'execution.message'
    ),
    approvals AS
    (
        SELECT
            tenant_id, correlation_id, about,
            argMaxIf(decision, sequence_no, decision != '') AS decided,
            argMaxIf(user_id, sequence_no, decision != '') AS approved_by,
            maxIf(sequence_no, decision != '') AS approval_sequence_no,
            argMaxIf(recorded_at, sequence_no, decision != '') AS approved_at
        FROM
        (
            SELECT
                a.tenant_id AS tenant_id, a.correlation_id AS correlation_id, a.sequence_no AS sequence_no,
                a.recorded_at AS recorded_at, a.user_id AS user_id, a.decision AS decision,
                arrayFilter(key -> key != '', [
                    if(a.request_id = '', '', concat('request:', a.request_id)),
                    multiIf(a.tool_call_id != '', concat('call:', a.tool_call_id), r.tool_call_id != '', concat('call:', r.tool_call_id), '')
                ]) AS keys
            FROM
            (
                SELECT
                    tenant_id, correlation_id, sequence_no, recorded_at, user_id, request_id, tool_call_id,
                    multiIf(
                        action_kind = 'request', '',
                        call_status != '', toString(call_status),
                        event_type = 'ui.approval_given', 'approve',
                        'answer') AS decision
                FROM items
                WHERE (action_kind = 'decision' AND (request_id != '' OR tool_call_id != '')) OR item_type = 'approval.requested'
            ) AS a
            LEFT ANY JOIN
            (
                SELECT tenant_id, correlation_id, request_id, tool_call_id
                FROM items
                WHERE item_type = 'approval.requested' AND request_id != '' AND tool_call_id != ''
            ) AS r ON r.tenant_id = a.tenant_id AND r.correlation_id = a.correlation_id AND r.request_id = a.request_id
        )
        ARRAY JOIN keys AS about
        GROUP BY tenant_id, correlation_id, about
    ),
    actions AS
    (
        SELECT
            tenant_id, correlation_id,
            i.action_key AS action_key,
            argMin(i.action_kind, place) AS action_kind,
            min(i.sequence_no) AS sequence_no,
            max(i.sequence_no) AS last_sequence_no,
            argMin(i.recorded_at, place) AS recorded_at,
            argMax(i.recorded_at, place) AS last_recorded_at,
            argMin(i.event_id, place) AS event_id,
            argMax(i.event_id, place) AS last_event_id,
            argMinIf(toString(i.agent), place, i.agent != '') AS agent,
            argMinIf(i.user_id, place, i.user_id != '') AS user_id,
            argMin(multiIf(
                i.action_kind IN ('tool_call', 'integration_call'), toString(i.tool_name),
                i.action_kind = 'lifecycle', concat(if(i.content_text = '', toString(i.event_type), i.content_text), if(i.call_status = '', '', ' '), toString(i.call_status)),
                i.content_text), place) AS action,
            argMinIf(i.call_arguments, place, i.call_arguments != '') AS arguments,
            argMaxIf(if(i.call_status != '', toString(i.call_status), 'completed'), place, i.call_status != '' OR i.item_type = 'tool_result') AS outcome,
            argMaxIf(i.error_text, place, i.error_text != '') AS error,
            argMin(i.tool_call_id, place) AS tool_call_id,
            argMin(i.request_id, place) AS request_id,
            max(i.approval_required) AS approval_required,
            multiIf(
                action_kind = 'tool_call' AND tool_call_id != '', concat('call:', tool_call_id),
                action_kind = 'request' AND request_id != '', concat('request:', request_id),
                '') AS approval_key
        FROM items AS i
        WHERE i.action_kind != ''
        GROUP BY tenant_id, correlation_id, action_key
    )
SELECT
    a.tenant_id AS tenant_id, a.correlation_id AS correlation_id, a.sequence_no AS sequence_no,
    a.last_sequence_no AS last_sequence_no, a.recorded_at AS recorded_at, a.last_recorded_at AS last_recorded_at,
    a.event_id AS event_id, a.last_event_id AS last_event_id, lower(hex(l.hash)) AS record_hash,
    multiIf(a.action_kind IN ('decision', 'redrive', 'discard'), 'person', a.agent != '', 'agent', 'service') AS actor_kind,
    multiIf(a.action_kind = 'decision', a.user_id, a.action_kind IN ('redrive', 'discard'), JSONExtractString(a.arguments, 'by'), a.agent != '', a.agent, toString(l.source_service)) AS actor,
    r.user_id AS on_behalf_of, l.source_service AS source_service, l.subject_id AS subject_id,
    a.action_kind AS action_kind,
    if(h.to_agent != '', toString(h.to_agent), a.action) AS action, a.arguments AS arguments, a.outcome AS outcome, a.error AS error,
    a.tool_call_id AS tool_call_id, a.request_id AS request_id, a.approval_required AS approval_required,
    multiIf(p.about = '', '', p.decided = '', 'requested', p.decided) AS approval,
    p.approved_by AS approved_by, p.approval_sequence_no AS approval_sequence_no,
    if(p.approval_sequence_no = 0, NULL, p.approved_at) AS approved_at
FROM actions AS a
LEFT JOIN approvals AS p ON p.tenant_id = a.tenant_id AND p.correlation_id = a.correlation_id AND p.about = a.approval_key
LEFT JOIN (SELECT tenant_id, correlation_id, sequence_no, hash, source_service, subject_id FROM {{database}}.ledger FINAL) AS l
    ON l.tenant_id = a.tenant_id AND l.correlation_id = a.correlation_id AND l.sequence_no = a.sequence_no
LEFT JOIN (SELECT tenant_id, correlation_id, user_id FROM {{database}}.runs) AS r
    ON r.tenant_id = a.tenant_id AND r.correlation_id = a.correlation_id
LEFT ANY JOIN (SELECT tenant_id, correlation_id, sequence_no, to_agent FROM {{database}}.workflow_facts FINAL WHERE node_kind = 'handoff') AS h
    ON h.tenant_id = a.tenant_id AND h.correlation_id = a.correlation_id AND h.sequence_no = a.sequence_no
SETTINGS do_not_merge_across_partitions_select_final = 1

-- compliance_log: what somebody answers for: decisions of people, actions without consent, data about a person, holes in the record.
-- A row a concern:
--   decision            a person answered a request: approve, reject, edit, answer
--   unapproved_action   a tool ran although its approval was missing, refused, or came only afterwards
--   personal_data       the event is about a person (subject_id)
--   redriven            a person sent a quarantined event again, or found that it was recorded by then
--   discarded           a person decided that a quarantined event is not to be recorded
--   late                recorded after a higher number of its source, or after a redrive
--   gap, unresolved_cause, quarantined, recording_failed   the record is not complete
-- columns as ledger: tenant_id, correlation_id
-- column sequence_no: event that it is about; 0: it is not in the ledger
-- column recorded_at: append time of that event, UTC
-- column concern: decision, unapproved_action, personal_data, redriven, discarded, late, gap, unresolved_cause, quarantined or recording_failed
-- column subject: the person concerned: subject_id, else the user of the run; empty: unknown
-- column actor: who did it: agent, user or service; empty: unknown
-- column action: what was done: tool, decision, event type
-- column detail: in words
-- column event_id: as text, because what is in quarantine may have none
-- column record_hash: hash of the record, hexadecimal; empty where the record is not the point
SELECT
    tenant_id, correlation_id, sequence_no, recorded_at,
    multiIf(action_kind = 'decision', 'decision', action_kind = 'redrive', 'redriven', action_kind = 'discard', 'discarded', 'unapproved_action')
        AS concern,
    if(ifNull(subject_id, '') != '', assumeNotNull(subject_id), on_behalf_of) AS subject,
    actor, action,
    multiIf(
        action_kind IN ('redrive', 'discard'),
            concat(JSONExtractString(arguments, 'quarantine_id'), ', ', JSONExtractString(arguments, 'reason'), ': ', outcome,
                if(JSONExtractString(arguments, 'because') = '', '', concat(', because ', JSONExtractString(arguments, 'because')))),
        action_kind = 'decision', if(request_id = '', outcome, concat(outcome, ' on request ', request_id)),
        approval_sequence_no > last_sequence_no, concat('approved only afterwards by ', approved_by, ', at number ', toString(approval_sequence_no)),
        approval = '', 'approval required, none recorded',
        approval = 'requested', 'approval asked for, no answer recorded',
        concat('ran although the answer was ', approval)) AS detail,
    toString(event_id) AS event_id, record_hash
FROM {{database}}.audit_trail
WHERE action_kind IN ('decision', 'redrive', 'discard')
    OR (action_kind = 'tool_call' AND outcome NOT IN ('', 'denied', 'cancelled', 'abandoned', 'not_found')
        AND ((approval = '' AND approval_required) OR approval NOT IN ('', 'approve', 'edit') OR approval_sequence_no > last_sequence_no))
UNION ALL
SELECT
    tenant_id, correlation_id, sequence_no, recorded_at, concern, ifNull(subject_id, '') AS subject,
    ifNull(source_agent, toString(source_service)) AS actor, toString(event_type) AS action,
    multiIf(
        concern = 'personal_data', concat('recorded by ', toString(source_service)),
        concern = 'late', if(isNull(source_seq), 'recorded late', concat('number ', toString(source_seq), ' of ', ifNull(source_instance, ''))),
        'a runtime adapter could not record everything') AS detail,
    toString(event_id) AS event_id, lower(hex(hash)) AS record_hash
FROM {{database}}.ledger FINAL
ARRAY JOIN arrayFilter(name -> name != '', [
    if(isNotNull(subject_id), 'personal_data', ''), if(late, 'late', ''), if(event_type = 'system.recording_failed', 'recording_failed', '')]) AS concern
WHERE isNotNull(subject_id) OR late OR event_type = 'system.recording_failed'
UNION ALL
SELECT
    tenant_id, correlation_id, before_sequence_no, noticed_at, 'gap', '', '', '',
    concat('numbers ', toString(missing_from), ' to ', toString(missing_to), ' of ', source_instance, ', missing: ', toString(missing)),
    '', ''
FROM {{database}}.gaps
UNION ALL
SELECT
    tenant_id, correlation_id, sequence_no, recorded_at, 'unresolved_cause', '', '', toString(event_type),
    concat(kind, ' ', toString(cause_id), if(waits_in = '', ' was never recorded', concat(' waits in ', waits_in))), toString(event_id), ''
FROM {{database}}.unresolved_causes
UNION ALL
SELECT
    tenant_id, correlation_id, 0, first_seen, 'quarantined', '', '', toString(event_type),
    concat(toString(reason), ': ', detail), event_id, ''
FROM {{database}}.quarantine
UNION ALL
-- those that no event in a run tells of
SELECT
    tenant_id, correlation_id, 0, solved_at, if(solution = 'discarded', 'discarded', 'redriven'), '', solved_by, toString(event_type),
    concat(toString(input_epoch), '-', toString(input_partition), '-', toString(input_offset), ', ', toString(reason), ': ', toString(solution),
        if(because = '', '', concat(', because ', because))),
    event_id, ''
FROM {{database}}.quarantine_solved
WHERE fact_event_id = ''
SETTINGS do_not_merge_across_partitions_select_final = 1

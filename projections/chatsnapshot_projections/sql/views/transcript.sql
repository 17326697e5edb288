-- transcript: what was said in a run: messages, and the answers of people. Order by sequence_no, ordinal.
-- columns as run_items: tenant_id, correlation_id, sequence_no, ordinal, recorded_at, timestamp, event_id, event_type
-- columns as run_items: primitive, item_type, runtime_event_type, role, agent, agent_run_id, recipient, user_id, model
-- columns as run_items: content_text, reasoning_text, structured_output, tool_call_id, tool_name, tool_type, attempt
-- columns as run_items: batch_id, call_index, call_arguments, call_output, call_status, error_text, attachments
-- columns as run_items: request_id, response_id, message_id, finish_reason, approval_required, partial, truncated
SELECT
    tenant_id, correlation_id, sequence_no, ordinal, recorded_at, timestamp, event_id, event_type, primitive,
    item_type, runtime_event_type, role, agent, agent_run_id, recipient, user_id, model, content_text,
    reasoning_text, structured_output, tool_call_id, tool_name, tool_type, attempt, batch_id, call_index, call_arguments,
    call_output, call_status, error_text, attachments, request_id, response_id, message_id, finish_reason, approval_required,
    partial, truncated
FROM {{database}}.run_items FINAL
WHERE primitive IN ('execution.message', 'ui.interaction')
SETTINGS do_not_merge_across_partitions_select_final = 1

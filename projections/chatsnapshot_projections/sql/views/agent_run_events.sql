-- agent_run_events: the full-fidelity history of conversations, a row for every run item.
-- columns as run_items: sequence_no, response_id, role, agent, tool_call_id, tool_name, model, content_text, reasoning_text
-- columns as run_items: call_arguments, call_output, attachments, tenant_id, ordinal
-- column conversation_id: correlation_id under the name that conversations give it
-- column run_item_type: item_type of run_items: message, tool_call, tool_result, ...
-- column run_item_name: what the framework called it, else the event type
-- column created_at: clock of the producer, UTC
-- column ingested_at: append time on the broker, UTC
SELECT
    correlation_id AS conversation_id, sequence_no, response_id, item_type AS run_item_type,
    if(runtime_event_type != '', runtime_event_type, event_type) AS run_item_name,
    role, agent, tool_call_id, tool_name, model, content_text, reasoning_text, call_arguments, call_output, attachments,
    timestamp AS created_at, recorded_at AS ingested_at, tenant_id, ordinal
FROM {{database}}.run_items FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1

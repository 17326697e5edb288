-- usage_counted: the usage lines that count, with `tokens` as they count.
--   scope `call` only; of a repeated (model_call_id, attempt) the event with the highest sequence_no, whole; a line without
--   a model_call_id by itself; of a cumulative series what it rises above its highest total so far: 10, 25, 25, 40 is 40.
--   A series without a name is that of one agent and model.
-- columns as usage_lines: tenant_id, correlation_id, sequence_no, ordinal, recorded_at, event_id, event_type, agent
-- columns as usage_lines: agent_run_id, provider, model, model_call_id, attempt, service_tier, batch, bucket, counter
-- columns as usage_lines: series, basis, provider_cost_amount, provider_cost_currency
-- column tokens: tokens as they count: of a running total, its increase
SELECT
    tenant_id, correlation_id, sequence_no, ordinal, recorded_at, event_id, event_type, agent, agent_run_id, provider, model,
    model_call_id, attempt, service_tier, batch, bucket,
    if(counter = 'cumulative', greatest(tokens - highest_before, 0), tokens) AS tokens,
    counter, series, basis, provider_cost_amount, provider_cost_currency
FROM
(
    SELECT
        *,
        max(tokens) OVER (
            PARTITION BY tenant_id, correlation_id, counter, series, unnamed_of, bucket
            ORDER BY sequence_no, ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest_before
    FROM
    (
        SELECT
            *,
            max(sequence_no) OVER (PARTITION BY tenant_id, correlation_id, model_call_id, attempt) AS last_report,
            if(series = '', (agent, agent_run_id, provider, model), ('', '', '', '')) AS unnamed_of
        FROM {{database}}.usage_lines FINAL
        WHERE scope = 'call'
    )
    WHERE model_call_id = '' OR sequence_no = last_report
)
SETTINGS do_not_merge_across_partitions_select_final = 1

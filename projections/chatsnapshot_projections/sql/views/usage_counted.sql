-- usage_counted: the usage lines that count, with `tokens` as they count.
--   scope `call` only; of a repeated (model_call_id, attempt) the event with the highest sequence_no, whole; a line without
--   a model_call_id by itself; of a cumulative series what it rises above its highest total so far: 10, 25, 25, 40 is 40.
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
            PARTITION BY tenant_id, correlation_id, counter, series, bucket
            ORDER BY sequence_no, ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest_before
    FROM
    (
        SELECT
            *,
            max(sequence_no) OVER (PARTITION BY tenant_id, correlation_id, model_call_id, attempt) AS last_report
        FROM {{database}}.usage_lines FINAL
        WHERE scope = 'call'
    )
    WHERE model_call_id = '' OR sequence_no = last_report
)
SETTINGS do_not_merge_across_partitions_select_final = 1

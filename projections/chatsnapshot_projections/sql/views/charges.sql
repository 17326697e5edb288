-- charges: every usage line that counts, with the price that was in force when the broker took it.
-- Tiers: default, standard and on_demand are the list price; batch is the batch price; any other needs a price of its own.
-- A line without a price has amount NULL, price_id '' and unpriced = true: never zero.
-- columns as usage_lines: tenant_id, correlation_id, sequence_no, ordinal, recorded_at, event_id, agent, agent_run_id
-- columns as usage_lines: provider, model, model_call_id, attempt, service_tier, batch, bucket, provider_cost_amount
-- columns as usage_lines: provider_cost_currency
-- columns as usage_counted: tokens
-- column priced_as: what the price was looked up for: provider/model, with tier and batch where set
-- column prompt_tokens: of the whole call, cache included: some prices depend on it
-- column price_id: price that was used; empty: none is known
-- column price_per_million: for a million tokens; null where unpriced
-- column currency: of amount; empty where unpriced
-- column amount: tokens times price; null where unpriced
-- column is_long: the prompt was longer than the limit of the price
-- column unpriced: no price is known for this provider, model, tier and bucket at that time
SELECT
    u.tenant_id AS tenant_id, u.correlation_id AS correlation_id, u.sequence_no AS sequence_no, u.ordinal AS ordinal,
    u.recorded_at AS recorded_at, u.event_id AS event_id, u.agent AS agent, u.agent_run_id AS agent_run_id,
    u.provider AS provider, u.model AS model, u.model_call_id AS model_call_id, u.attempt AS attempt,
    u.service_tier AS service_tier, u.batch AS batch, u.bucket AS bucket, u.tokens AS tokens,
    concat(u.priced_provider, '/', u.priced_model, if(u.priced_tier = '', '', concat('/', u.priced_tier)), if(u.priced_batch, '/batch', '')) AS priced_as,
    toUInt64(u.prompt_tokens) AS prompt_tokens,
    p.long_prompt_over > 0 AND u.prompt_tokens > p.long_prompt_over AS is_long,
    if(is_long, p.long_price, p.price) AS price_per_million,
    multiIf(isNull(price_per_million), '', is_long, concat(p.price_id, '/over-', toString(p.long_prompt_over)), p.price_id) AS price_id,
    if(isNull(price_per_million), '', p.currency) AS currency,
    price_per_million * u.tokens / 1000000 AS amount,
    isNull(price_per_million) AS unpriced,
    u.provider_cost_amount AS provider_cost_amount, u.provider_cost_currency AS provider_cost_currency
FROM
(
    SELECT
        *,
        transform(lower(provider), {{provider_aliases}}, lower(provider)) AS priced_provider,
        -- gateways and libraries put a path before the name
        replaceRegexpOne(lower(model), '^({{model_prefixes}})/', '') AS priced_model,
        if(lower(service_tier) IN ({{standard_tiers}}, 'batch'), '', lower(service_tier)) AS priced_tier,
        batch OR lower(service_tier) = 'batch' AS priced_batch,
        sumIf(tokens, bucket IN ('input_uncached', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'input_audio')) OVER (
            PARTITION BY tenant_id, correlation_id, sequence_no) AS prompt_tokens
    FROM {{database}}.usage_counted
) AS u
LEFT ASOF JOIN
(
    SELECT
        provider, model, service_tier, batch, bucket, valid_from, price_id, toNullable(price_per_million) AS price, currency,
        long_prompt_over, long_prompt_price AS long_price
    FROM {{database}}.model_prices
) AS p
ON p.provider = u.priced_provider AND p.model = u.priced_model AND p.service_tier = u.priced_tier AND p.batch = u.priced_batch
    AND p.bucket = u.bucket AND p.valid_from <= u.recorded_at

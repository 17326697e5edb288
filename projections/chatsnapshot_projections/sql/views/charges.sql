-- charges: every usage line that counts, with the price that was in force when the broker took it.
-- A line without a price has amount NULL, price_id '' and unpriced = true: never zero.
SELECT
    u.tenant_id AS tenant_id, u.correlation_id AS correlation_id, u.sequence_no AS sequence_no, u.ordinal AS ordinal,
    u.recorded_at AS recorded_at, u.event_id AS event_id, u.agent AS agent, u.agent_run_id AS agent_run_id,
    u.provider AS provider, u.model AS model, u.model_call_id AS model_call_id, u.attempt AS attempt,
    u.service_tier AS service_tier, u.batch AS batch, u.bucket AS bucket, u.tokens AS tokens,
    p.price_id AS price_id, p.price AS price_per_million, p.currency AS currency,
    p.price * u.tokens / 1000000 AS amount,
    isNull(p.price) AS unpriced,
    u.provider_cost_amount AS provider_cost_amount, u.provider_cost_currency AS provider_cost_currency
FROM
(
    SELECT
        *, lower(provider) AS priced_provider, lower(model) AS priced_model,
        if(lower(service_tier) IN ('default', 'standard'), '', lower(service_tier)) AS priced_tier
    FROM {{database}}.usage_counted
) AS u
LEFT ASOF JOIN
(
    SELECT provider, model, service_tier, batch, bucket, valid_from, price_id, toNullable(price_per_million) AS price, currency
    FROM {{database}}.model_prices
) AS p
ON p.provider = u.priced_provider AND p.model = u.priced_model AND p.service_tier = u.priced_tier AND p.batch = u.batch
    AND p.bucket = u.bucket AND p.valid_from <= u.recorded_at

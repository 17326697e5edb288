-- billing_by_day: what each UTC day of a tenant costs, a row for each model, tier and currency.
-- Usage without a price makes rows of its own, with currency '' and amount NULL, so that it is seen beside what is priced.
-- A day is that of the broker's append time, as for prices.
-- columns as charges: tenant_id, provider, model, service_tier, batch
-- column day: UTC day of recorded_at
-- column currency: of amount; empty: no price is known
-- column amount: sum of the charges; null where unpriced
-- column tokens: of every bucket
-- column input_tokens: uncached, cache reads and writes, audio
-- column output_tokens: text, reasoning, audio
-- column model_calls: calls with usage: a call is counted where its id and attempt are, else an event is one
-- column runs: runs that used the model
-- column lines: charges
-- column unpriced_lines: charges without a price
-- column unpriced_tokens: tokens without a price
SELECT
    c.tenant_id AS tenant_id, toDate(c.recorded_at, 'UTC') AS day, c.provider AS provider, c.model AS model,
    c.service_tier AS service_tier, c.batch AS batch, c.currency AS currency,
    sum(c.amount) AS amount,
    sum(c.tokens) AS tokens,
    sumIf(c.tokens, c.bucket IN ('input_uncached', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'input_audio')) AS input_tokens,
    sumIf(c.tokens, c.bucket IN ('output_text', 'output_reasoning', 'output_audio')) AS output_tokens,
    uniqExact(c.correlation_id, if(c.model_call_id = '', toString(c.event_id), c.model_call_id), c.attempt) AS model_calls,
    uniqExact(c.correlation_id) AS runs,
    count() AS lines,
    countIf(c.unpriced) AS unpriced_lines,
    sumIf(c.tokens, c.unpriced) AS unpriced_tokens
FROM {{database}}.charges AS c
GROUP BY tenant_id, day, provider, model, service_tier, batch, currency

-- billing_by_run: what a run costs: one row a currency. Lines without a price make a row of their own, with currency ''
-- and amount NULL, so that what is not priced is seen beside what is.
-- columns as charges: tenant_id, correlation_id
-- column currency: of amount; empty: no price is known
-- column amount: sum of the charges; null where unpriced
-- column tokens: of every bucket
-- column input_tokens: uncached, cache reads and writes, audio
-- column output_tokens: text, reasoning, audio
-- column model_calls: calls with usage: a call is counted where its id and attempt are, else an event is one
-- column lines: charges
-- column unpriced_lines: charges without a price
-- column unpriced_tokens: tokens without a price
-- column models: models that were used, at most 32
SELECT
    tenant_id, correlation_id, currency,
    sum(c.amount) AS amount,
    sum(c.tokens) AS tokens,
    sumIf(c.tokens, c.bucket IN ('input_uncached', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'input_audio')) AS input_tokens,
    sumIf(c.tokens, c.bucket IN ('output_text', 'output_reasoning', 'output_audio')) AS output_tokens,
    uniqExact(if(c.model_call_id = '', toString(c.event_id), c.model_call_id), c.attempt) AS model_calls,
    count() AS lines,
    countIf(c.unpriced) AS unpriced_lines,
    sumIf(c.tokens, c.unpriced) AS unpriced_tokens,
    arraySort(groupUniqArray(32)(toString(c.model))) AS models
FROM {{database}}.charges AS c
GROUP BY tenant_id, correlation_id, currency

-- usage_lines: one row for each token bucket of each event that carries `usage` (ordinal = the bucket's place in the list).
-- These are the facts as reported, roll-ups and repeated calls included: view usage_counted says which of them count.
-- A usage without any bucket gives one line `unknown` with the provider's own total, so that it shows as unpriced.
-- More than 1e12 tokens in one bucket of one call is no token count and gives no line; it would overflow a bill's sum.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    tenant_id LowCardinality(String) COMMENT 'owner of the run',
    correlation_id String CODEC(ZSTD(1)) COMMENT 'the run, workflow or session: the scope of order',
    sequence_no Int64 CODEC(Delta, ZSTD(1)) COMMENT 'place of the event in its run, dense from 1',
    ordinal UInt16 COMMENT 'place of the row within its event, from 0',
    recorded_at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'append time of the input on the broker, UTC',
    event_id UUID COMMENT 'id of the event',
    event_type LowCardinality(String) COMMENT 'dotted type as recorded; view event_types lists the known ones',
    agent LowCardinality(String) COMMENT 'who acted: payload.agent, else source.agent',
    agent_run_id String CODEC(ZSTD(1)) COMMENT 'run of the agent itself, for sub-agents',
    provider LowCardinality(String) COMMENT 'as the payload says',
    model LowCardinality(String) COMMENT 'model as the payload names it',
    model_call_id String CODEC(ZSTD(1)) COMMENT 'with attempt: one call of a model, billed once',
    attempt UInt32 COMMENT 'number of the attempt, from 1',
    scope LowCardinality(String) COMMENT 'only `call` is billed',
    counter LowCardinality(String) COMMENT 'delta, or cumulative: a running total',
    series LowCardinality(String) COMMENT 'name of the running total',
    service_tier LowCardinality(String) COMMENT 'as the payload says; empty: standard',
    batch Bool COMMENT 'used the batch interface',
    bucket LowCardinality(String) COMMENT 'token bucket, or unknown where only a total was reported',
    tokens Int64 CODEC(ZSTD(1)) COMMENT 'as reported; of a cumulative counter: the total so far',
    basis LowCardinality(String) COMMENT 'how the buckets were derived from the raw figures',
    provider_cost_amount Nullable(Decimal(38, 12)) CODEC(ZSTD(1)) COMMENT 'what the provider says it costs; on the first line of an event only',
    provider_cost_currency LowCardinality(String) COMMENT 'currency of provider_cost_amount'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (tenant_id, correlation_id, sequence_no, ordinal)
SETTINGS {{table_settings}}

-- projection
SELECT
    tenant_id, correlation_id, sequence_no, toUInt16(line.1) AS ordinal, recorded_at, event_id, event_type,
    agent, agent_run_id, provider, model, model_call_id, attempt, scope, counter, series, service_tier, batch,
    line.2 AS bucket, line.3 AS tokens, basis,
    if(line.1 = lines[1].1, provider_cost, NULL) AS provider_cost_amount,
    if(line.1 = lines[1].1, currency, '') AS provider_cost_currency
FROM
(
    WITH
        p.usage AS u,
        1000000000000 AS tokens_max,
        arrayFilter(line -> line.3 > 0 AND line.3 <= tokens_max, [
            (0, 'input_uncached', u.input_uncached), (1, 'cache_read', u.cache_read),
            (2, 'cache_write_5m', u.cache_write_5m), (3, 'cache_write_1h', u.cache_write_1h),
            (4, 'input_audio', u.input_audio), (5, 'output_text', u.output_text),
            (6, 'output_reasoning', u.output_reasoning), (7, 'output_audio', u.output_audio)]) AS bucket_lines,
        least(greatest(u.reported.total, 0), tokens_max) AS reported_total,
        least(greatest(u.reported.input, 0), tokens_max) + least(greatest(u.reported.output, 0), tokens_max) AS reported_sum
    SELECT
        tenant_id, correlation_id, sequence_no, recorded_at, event_id, event_type,
        leftUTF8(if(p.agent != '', p.agent, ifNull(source_agent, '')), 256) AS agent,
        leftUTF8(p.agent_run_id, 256) AS agent_run_id,
        leftUTF8(p.provider, 256) AS provider,
        leftUTF8(p.model, 256) AS model,
        leftUTF8(p.model_call_id, 256) AS model_call_id,
        toUInt32(least(greatest(p.attempt, 1), 4294967295)) AS attempt,
        leftUTF8(if(u.scope = '', 'call', u.scope), 256) AS scope,
        if(u.counter = 'cumulative', 'cumulative', 'delta') AS counter,
        leftUTF8(u.series, 256) AS series,
        leftUTF8(u.service_tier, 256) AS service_tier,
        u.batch AS batch,
        leftUTF8(u.basis, 256) AS basis,
        -- not extracted as Decimal: JSONExtract throws for floats at the edge of its range
        toDecimal128OrNull(u.provider_cost.amount, 12) AS provider_cost,
        leftUTF8(u.provider_cost.currency, 256) AS currency,
        arrayConcat(bucket_lines, arrayFilter(
            line -> empty(bucket_lines) AND (line.3 > 0 OR isNotNull(provider_cost)),
            [(8, 'unknown', least(if(reported_total > 0, reported_total, reported_sum), tokens_max))])) AS lines
    FROM
    (
        SELECT
            tenant_id, correlation_id, sequence_no, recorded_at, event_id, event_type, source_agent,
            JSONExtract(document, 'Tuple(
                model String, provider String, model_call_id String, attempt Int64, agent String, agent_run_id String,
                usage Tuple(
                    input_uncached Int64, cache_read Int64, cache_write_5m Int64, cache_write_1h Int64, input_audio Int64,
                    output_text Int64, output_reasoning Int64, output_audio Int64,
                    reported Tuple(input Int64, output Int64, total Int64), basis String, scope String, counter String,
                    series String, service_tier String, batch Bool,
                    provider_cost Tuple(amount String, currency String)))') AS p
        FROM
        (
            SELECT tenant_id, correlation_id, sequence_no, recorded_at, event_id, event_type, source_agent, document
            FROM {{database}}.ledger
        )
    )
)
ARRAY JOIN lines AS line

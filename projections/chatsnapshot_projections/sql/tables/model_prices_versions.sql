-- model_prices_versions: prices as they were loaded, latest version of a key wins; view `model_prices` shows those in force.
-- A price holds from valid_from until the next one of the same provider, model, service_tier, batch and bucket.
-- version: of the shipped price list a small number from prices.csv; a price that a person sets uses milliseconds since
-- 1970 and so goes before any shipped list.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    provider String COMMENT 'lower case',
    model String COMMENT 'lower case',
    service_tier String COMMENT 'empty: standard',
    batch Bool COMMENT 'price of the batch interface',
    bucket LowCardinality(String) COMMENT 'token bucket that the price is for',
    valid_from DateTime64(6, 'UTC') COMMENT 'the price holds from here until the next one of the same key, UTC',
    price_id String COMMENT 'provider/model/bucket@valid_from, with tier and batch where set',
    price_per_million Decimal(38, 12) COMMENT 'for a million tokens',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    source String COMMENT 'where the price is from and when it was looked up',
    version UInt64 COMMENT 'the highest of a key is in force',
    long_prompt_over UInt32 COMMENT 'tokens of the whole prompt beyond which long_prompt_price applies; 0: one price for any length',
    long_prompt_price Nullable(Decimal(38, 12)) COMMENT 'for a million tokens; null with a limit: such calls are unpriced'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (provider, model, service_tier, batch, bucket, valid_from)
SETTINGS {{table_settings}}

-- model_prices_versions: prices as they were loaded, latest version of a key wins; view `model_prices` shows those in force.
-- A price holds from valid_from until the next one of the same provider, model, service_tier, batch and bucket.
-- version: of the shipped price list a small number from prices.csv; a price that a person sets uses milliseconds since
-- 1970 and so goes before any shipped list.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    provider String,
    model String,
    service_tier String,
    batch Bool,
    bucket LowCardinality(String),
    valid_from DateTime64(6, 'UTC'),
    price_id String COMMENT 'provider/model/bucket@valid_from, with tier and batch where set',
    price_per_million Decimal(38, 12) COMMENT 'for a million tokens',
    currency LowCardinality(String),
    source String COMMENT 'where the price is from and when it was looked up',
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (provider, model, service_tier, batch, bucket, valid_from)
SETTINGS {{table_settings}}

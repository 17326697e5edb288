-- price_changes: every price that a person set, with what it took the place of. Rows are only ever added.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    changed_at DateTime64(6, 'UTC') COMMENT 'when it was set, by the clock of who set it, UTC',
    changed_by String COMMENT 'who set it: user and machine, or as given',
    provider String COMMENT 'as in model_prices',
    model String COMMENT 'as in model_prices',
    service_tier String COMMENT 'as in model_prices',
    batch Bool COMMENT 'as in model_prices',
    bucket LowCardinality(String) COMMENT 'as in model_prices',
    valid_from DateTime64(6, 'UTC') COMMENT 'the price holds from here, UTC',
    price_id String COMMENT 'id of the price in model_prices and charges',
    price_per_million Decimal(38, 12) COMMENT 'for a million tokens',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    replaced_price_id String COMMENT 'price that held at valid_from before; empty: none, such usage was unpriced',
    replaced_price_per_million Nullable(Decimal(38, 12)) COMMENT 'what that price was',
    replaced_currency LowCardinality(String) COMMENT 'and in which currency',
    is_retroactive Bool COMMENT 'valid_from was in the past: bills changed',
    note String COMMENT 'why, as given'
)
ENGINE = ReplacingMergeTree
ORDER BY (changed_at, provider, model, service_tier, batch, bucket, valid_from)
SETTINGS {{table_settings}}

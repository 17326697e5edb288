-- model_prices: every price in force at some time, one row a key and valid_from.
SELECT provider, model, service_tier, batch, bucket, valid_from, price_id, price_per_million, currency, source, version
FROM {{database}}.model_prices_versions FINAL

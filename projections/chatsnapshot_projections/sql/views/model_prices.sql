-- model_prices: every price that is or was in force, each from its valid_from until the next one of the same key.
-- The key is provider, model, service_tier, batch and bucket. A price that a person set holds until a person sets another:
-- a price of a later shipped list does not take over.
-- columns as model_prices_versions: provider, model, service_tier, batch, bucket, valid_from, price_id, price_per_million
-- columns as model_prices_versions: long_prompt_over, long_prompt_price, currency, source, version
-- column is_own: set by a person, not shipped
SELECT
    provider, model, service_tier, batch, bucket, valid_from, price_id, price_per_million, currency, source, version,
    long_prompt_over, long_prompt_price, is_own
FROM
(
    SELECT
        *, version >= {{own_version_min}} AS is_own,
        max(is_own) OVER (
            PARTITION BY provider, model, service_tier, batch, bucket ORDER BY valid_from
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS own_before
    FROM {{database}}.model_prices_versions FINAL
)
WHERE is_own OR NOT own_before

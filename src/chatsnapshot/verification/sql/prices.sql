-- every price that is or was in force, ascending
SELECT provider, model, service_tier, batch, bucket, toInt64(toUnixTimestamp64Micro(valid_from)), price_per_million, currency, long_prompt_over, long_prompt_price
FROM {{database}}.model_prices
ORDER BY valid_from

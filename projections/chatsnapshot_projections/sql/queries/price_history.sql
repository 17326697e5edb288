-- price_history: every price that is or was in force, oldest first
SELECT {{columns}}
FROM {{database}}.model_prices
WHERE ({provider:String} = '' OR provider = {provider:String}) AND startsWith(model, {model:String})
ORDER BY provider, model, service_tier, batch, bucket, valid_from
LIMIT {limit:UInt32}

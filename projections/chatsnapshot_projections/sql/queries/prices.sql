-- prices: what was in force at a time, a row a bucket; `model` is the beginning of a name
SELECT {{columns}}
FROM {{database}}.model_prices
WHERE ({provider:String} = '' OR provider = {provider:String}) AND startsWith(model, {model:String})
    AND valid_from <= fromUnixTimestamp64Micro({at:Int64}, 'UTC')
ORDER BY provider, model, service_tier, batch, bucket, valid_from DESC
LIMIT 1 BY provider, model, service_tier, batch, bucket
LIMIT {limit:UInt32}

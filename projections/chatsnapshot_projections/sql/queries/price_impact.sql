-- price_impact: charges of all tenants that a price from `since` until `before` would change, by their present currency
SELECT {{columns}}
FROM
(
    SELECT
        currency, toInt64(count()) AS lines, toInt64(uniqExact(tenant_id, correlation_id)) AS runs,
        toInt64(sum(c.tokens)) AS tokens, sum(c.amount) AS amount
    FROM {{database}}.charges AS c
    WHERE priced_as = {priced_as:String} AND bucket = {bucket:String}
        AND recorded_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') AND recorded_at < fromUnixTimestamp64Micro({before:Int64}, 'UTC')
    GROUP BY currency
)
ORDER BY currency
LIMIT {limit:UInt32}

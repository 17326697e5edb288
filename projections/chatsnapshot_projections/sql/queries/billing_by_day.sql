-- billing_by_day: what some days of a tenant cost
SELECT {{columns}}
FROM {{database}}.billing_by_day
WHERE tenant_id = {tenant:String} AND day BETWEEN {first:Date} AND {last:Date}
ORDER BY day, provider, model, service_tier, batch, currency
LIMIT {limit:UInt32}

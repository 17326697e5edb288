-- billing_by_run: what one run costs, a row a currency
SELECT {{columns}}
FROM {{database}}.billing_by_run
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY currency
LIMIT {limit:UInt32}

-- the bills of a range of runs
SELECT tenant_id, correlation_id, currency, toInt64(lines), toInt64(tokens), amount
FROM {{database}}.billing_by_run
WHERE {{range}}

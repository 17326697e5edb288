-- runs: the latest runs of a tenant, or one run; messages, missing numbers and cost are counted for these runs only
WITH page AS
(
    SELECT *
    FROM {{database}}.runs
    WHERE tenant_id = {tenant:String} AND ({run:String} = '' OR correlation_id = {run:String})
    ORDER BY last_recorded_at DESC, correlation_id
    LIMIT {limit:UInt32}
)
SELECT
    page.tenant_id AS tenant_id, page.correlation_id AS correlation_id, page.status AS status, page.phase AS phase,
    page.workflow_name AS workflow_name, page.user_id AS user_id, page.events AS events, said.messages AS messages,
    missing.numbers AS missing, cost.costs AS costs, cost.tokens AS tokens, cost.unpriced_lines AS unpriced_lines,
    page.first_recorded_at AS first_recorded_at, page.last_recorded_at AS last_recorded_at,
    page.first_timestamp AS first_timestamp, page.last_timestamp AS last_timestamp, page.services AS services,
    page.runtimes AS runtimes, page.agents AS agents
FROM page
LEFT JOIN
(
    SELECT correlation_id, toInt64(count()) AS messages
    FROM {{database}}.transcript
    WHERE tenant_id = {tenant:String} AND correlation_id IN (SELECT correlation_id FROM page)
    GROUP BY correlation_id
) AS said ON said.correlation_id = page.correlation_id
LEFT JOIN
(
    SELECT correlation_id, toInt64(sum(missing)) AS numbers
    FROM {{database}}.gaps
    WHERE tenant_id = {tenant:String} AND correlation_id IN (SELECT correlation_id FROM page)
    GROUP BY correlation_id
) AS missing ON missing.correlation_id = page.correlation_id
LEFT JOIN
(
    SELECT
        correlation_id, sum(billing.tokens) AS tokens, toInt64(sum(billing.unpriced_lines)) AS unpriced_lines,
        mapFromArrays(
            groupArrayIf(CAST(currency, 'String'), currency != ''),
            groupArrayIf(assumeNotNull(billing.amount), currency != '')) AS costs
    FROM {{database}}.billing_by_run AS billing
    WHERE tenant_id = {tenant:String} AND correlation_id IN (SELECT correlation_id FROM page)
    GROUP BY correlation_id
) AS cost ON cost.correlation_id = page.correlation_id
ORDER BY last_recorded_at DESC, correlation_id

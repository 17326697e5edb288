-- the numbers of some instances in some runs, from the greatest down
SELECT
    tenant_id, assumeNotNull(source_instance) AS instance, correlation_id, assumeNotNull(source_seq) AS number, gap_before,
    late
FROM {database:Identifier}.ledger FINAL
WHERE
    tenant_id IN {tenants:Array(String)} AND correlation_id IN {runs:Array(String)}
    AND isNotNull(source_seq) AND source_instance IN {instances:Array(String)}
ORDER BY tenant_id, correlation_id, instance, number DESC

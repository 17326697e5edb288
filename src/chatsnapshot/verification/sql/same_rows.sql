-- runs of a range whose rows are not the same on two sides: those that the ledger says, and those that are shown
SELECT tenant_id, correlation_id
FROM
(
    SELECT toInt8(1) AS side, tenant_id, correlation_id, {{selected}} FROM ({{expected}}) WHERE {{range}}
    UNION ALL
    SELECT toInt8(-1) AS side, tenant_id, correlation_id, {{selected}} FROM ({{shown}}) WHERE {{range}}
)
GROUP BY tenant_id, correlation_id
HAVING sum(side) != 0 OR sum(side * reinterpretAsInt64(cityHash64(tuple({{values}})))) != 0
ORDER BY tenant_id, correlation_id
LIMIT {runs_max:UInt32}

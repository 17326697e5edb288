-- workflow_nodes: nodes of one run's graph, in the order in which they began
SELECT {{columns}}
FROM {{database}}.workflow_nodes
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY first_sequence_no, node_id
LIMIT {limit:UInt32}

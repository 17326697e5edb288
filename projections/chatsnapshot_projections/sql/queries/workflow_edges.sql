-- workflow_edges: edges of one run's graph, in the order of the events they end in
SELECT {{columns}}
FROM {{database}}.workflow_edges
WHERE tenant_id = {tenant:String} AND correlation_id = {run:String}
ORDER BY to_sequence_no, kind, from_sequence_no, from_node, to_node
LIMIT {limit:UInt32}

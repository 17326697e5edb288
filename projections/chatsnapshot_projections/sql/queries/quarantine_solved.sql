-- quarantine_solved: what somebody solved, latest first; also what names no tenant
SELECT {{columns}}
FROM {{database}}.quarantine_solved
WHERE tenant_id IN ({tenant:String}, '')
ORDER BY solved_at DESC, input_epoch DESC, input_partition, input_offset DESC
LIMIT {limit:UInt32}

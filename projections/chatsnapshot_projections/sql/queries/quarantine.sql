-- quarantine: what waits for a person, latest first; also what names no tenant, because nobody else would see it
SELECT {{columns}}
FROM {{database}}.quarantine
WHERE tenant_id IN ({tenant:String}, '')
ORDER BY first_seen DESC, input_epoch DESC, input_partition, input_offset DESC
LIMIT {limit:UInt32}

-- quarantine: what waits for a person, latest first; also what names no tenant, because nobody else would see it.
-- Of key and original the first 4,096 bytes each: a page of whole originals would be as large as they please.
SELECT {{columns}}
FROM
(
    SELECT * REPLACE (substring(message_key, 1, 4096) AS message_key, substring(original, 1, 4096) AS original)
    FROM {{database}}.quarantine
)
WHERE tenant_id IN ({tenant:String}, '')
ORDER BY first_seen DESC, input_epoch DESC, input_partition, input_offset DESC
LIMIT {limit:UInt32}

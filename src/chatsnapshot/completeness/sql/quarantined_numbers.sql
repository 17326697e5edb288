-- source numbers of events in quarantine, and of those that were solved there; the latest first
SELECT tenant_id, source_instance, correlation_id, source_seq, toUInt8(solution = '') AS waits
FROM {database:Identifier}.quarantine_versions FINAL
WHERE
    deleted = 0 AND source_instance != '' AND reason NOT IN ('misrouted', 'source_seq_jump')
    AND ({tenant:String} = '' OR tenant_id = {tenant:String})
    AND ({run:String} = '' OR correlation_id = {run:String})
    AND ({instance:String} = '' OR source_instance = {instance:String})
ORDER BY first_seen DESC
LIMIT {limit:UInt32}

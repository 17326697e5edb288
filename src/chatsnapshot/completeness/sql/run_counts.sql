-- every instance in every run, as table ledger has it; a dense set of numbers takes next to nothing as a bitmap
SELECT
    tenant_id,
    assumeNotNull(source_instance) AS instance,
    correlation_id,
    toInt64(count()) AS records,
    toInt64(groupBitmap(toUInt64(assumeNotNull(source_seq)))) AS numbers,
    toInt64(max(assumeNotNull(source_seq)) + 1) AS number_end
FROM {database:Identifier}.ledger FINAL
WHERE
    isNotNull(source_seq) AND isNotNull(source_instance)
    AND ({tenant:String} = '' OR tenant_id = {tenant:String})
    AND ({run:String} = '' OR correlation_id = {run:String})
    AND ({instance:String} = '' OR source_instance = {instance:String})
GROUP BY tenant_id, source_instance, correlation_id

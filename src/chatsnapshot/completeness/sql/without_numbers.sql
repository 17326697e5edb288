-- what no source number can be checked of: records without one, and quarantined inputs that give none
SELECT
    (
        SELECT toInt64(count())
        FROM {database:Identifier}.ledger FINAL
        WHERE
            isNull(source_seq)
            AND ({tenant:String} = '' OR tenant_id = {tenant:String})
            AND ({run:String} = '' OR correlation_id = {run:String})
    ) AS records,
    (
        SELECT toInt64(count())
        FROM {database:Identifier}.quarantine
        WHERE
            (source_instance = '' OR reason IN ('misrouted', 'source_seq_jump'))
            AND ({tenant:String} = '' OR tenant_id IN ('', {tenant:String}))
            AND ({run:String} = '' OR correlation_id = {run:String})
    ) AS quarantined

-- which of these (correlation, event) pairs of a tenant are recorded
SELECT DISTINCT correlation_id, toString(event_id)
FROM {database:Identifier}.ledger FINAL
WHERE tenant_id = {tenant:String} AND event_id IN {events:Array(UUID)} AND correlation_id IN {correlations:Array(String)}

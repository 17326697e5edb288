-- how many records a run has
SELECT toInt64(max(sequence_no)) FROM {{database}}.ledger WHERE tenant_id = {tenant:String} AND correlation_id = {correlation:String}

-- run_items: items of one run behind a sequence number; the items of one event are never split, so a page may hold a few more
SELECT *
FROM
(
    SELECT {{columns}}
    FROM {{database}}.run_items FINAL
    WHERE tenant_id = {tenant:String} AND correlation_id = {run:String} AND sequence_no > {after:Int64}
    ORDER BY sequence_no
    LIMIT {limit:UInt32} WITH TIES
)
ORDER BY sequence_no, ordinal

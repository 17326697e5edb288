-- gaps: source numbers that are missing between numbers that are there, per run and producer instance, as of now.
-- Late and redriven events close their gap. A readable envelope in quarantine has used its number: no gap.
SELECT
    tenant_id, correlation_id, source_instance,
    previous + 1 AS missing_from, source_seq - 1 AS missing_to, missing_to - missing_from + 1 AS missing
FROM
(
    SELECT
        tenant_id, correlation_id, source_instance, source_seq,
        lagInFrame(source_seq, 1, -1) OVER (
            PARTITION BY tenant_id, correlation_id, source_instance ORDER BY source_seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS previous
    FROM
    (
        SELECT tenant_id, correlation_id, assumeNotNull(source_instance) AS source_instance, assumeNotNull(source_seq) AS source_seq
        FROM {{database}}.ledger FINAL
        WHERE isNotNull(source_seq) AND isNotNull(source_instance)
        UNION ALL
        SELECT tenant_id, correlation_id, source_instance, source_seq
        FROM {{database}}.quarantine
        WHERE source_instance != '' AND reason NOT IN ('misrouted', 'source_seq_jump')
    )
)
WHERE source_seq > previous + 1
SETTINGS do_not_merge_across_partitions_select_final = 1

-- gaps: source numbers that are missing between numbers that are there, per run and producer instance, as of now.
-- Late and redriven events close their gap. A number that a quarantined event or a duplicate has used up is no gap: the
-- first has its place in quarantine, solved or not; of the second only the sequencer knew, who recorded the next event in
-- time with gap_before = 0. Where a duplicate used up numbers beside lost ones, the range is known and `missing` is less than its length.
-- columns as ledger: tenant_id, correlation_id, source_instance
-- column missing_from: first number of the range
-- column missing_to: last number of the range
-- column missing: how many of them are missing, at most
-- column before_sequence_no: the record that follows the gap; 0 when that number is in quarantine or was discarded
-- column noticed_at: append time of the event that follows the gap, UTC
SELECT
    tenant_id, correlation_id, source_instance,
    below + 1 AS missing_from, source_seq - 1 AS missing_to,
    if(any_in_time, least(missing_to - missing_from + 1, said_missing), missing_to - missing_from + 1) AS missing,
    sequence_no AS before_sequence_no, noticed_at
FROM
(
    -- downwards, so that both frames grow at one end only
    SELECT
        tenant_id, correlation_id, source_instance, source_seq, sequence_no, noticed_at,
        leadInFrame(source_seq, 1, -1) OVER (
            PARTITION BY tenant_id, correlation_id, source_instance ORDER BY source_seq DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS below,
        max(in_time) OVER (
            PARTITION BY tenant_id, correlation_id, source_instance ORDER BY source_seq DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS any_in_time,
        argMinIf(gap_before, source_seq, in_time) OVER (
            PARTITION BY tenant_id, correlation_id, source_instance ORDER BY source_seq DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS said_missing
    FROM
    (
        SELECT
            tenant_id, correlation_id, assumeNotNull(source_instance) AS source_instance, assumeNotNull(source_seq) AS source_seq,
            sequence_no, recorded_at AS noticed_at, gap_before, NOT late AS in_time
        FROM {{database}}.ledger FINAL
        WHERE isNotNull(source_seq) AND isNotNull(source_instance)
        UNION ALL
        SELECT tenant_id, correlation_id, source_instance, source_seq, 0, first_seen, 0, false
        FROM {{database}}.quarantine_versions FINAL
        WHERE deleted = 0 AND source_instance != '' AND reason NOT IN ('misrouted', 'source_seq_jump')
    )
)
WHERE source_seq > below + 1 AND missing > 0
SETTINGS do_not_merge_across_partitions_select_final = 1

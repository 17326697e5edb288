-- of one run: how many rows are expected and not shown, shown and not expected, the first number, the last append time
SELECT
    countIf(balance > 0) AS missing,
    countIf(balance < 0) AS surplus,
    toInt64(min(sequence_no)) AS first_no,
    toInt64(toUnixTimestamp64Micro(max(recorded_at))) AS last_at
FROM
(
    SELECT sequence_no, recorded_at, sum(side) AS balance
    FROM
    (
        SELECT toInt8(1) AS side, sequence_no, recorded_at, {{selected}} FROM ({{expected}}) WHERE {{range}}
        UNION ALL
        SELECT toInt8(-1) AS side, sequence_no, recorded_at, {{selected}} FROM ({{shown}}) WHERE {{range}}
    )
    GROUP BY sequence_no, recorded_at, cityHash64(tuple({{values}}))
    HAVING balance != 0
)

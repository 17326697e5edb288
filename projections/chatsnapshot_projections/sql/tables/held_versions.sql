-- held_versions: events that wait for a cause or a predecessor, and tombstones of those that no longer do.
-- Written at least once from the state topic; version is the offset there. View `held` shows what waits now.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    input_epoch Int32,
    input_partition Int32,
    input_offset Int64,
    tenant_id String,
    correlation_id String,
    event_id String,
    event_type LowCardinality(String),
    waiting_for String COMMENT 'ids of causes, or a source and its missing numbers, in words',
    appended_at DateTime64(6, 'UTC') COMMENT 'append time of the input',
    deadline DateTime64(6, 'UTC') COMMENT 'in stream time: then it is recorded as it is',
    version Int64 COMMENT 'offset in the state topic',
    deleted UInt8 COMMENT '1: released'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS {{table_settings}}

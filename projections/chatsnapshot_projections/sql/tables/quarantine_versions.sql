-- quarantine_versions: what each input that could not be recorded looked like last, and tombstones of those that are solved.
-- Written at least once; version is the offset in the quarantine topic, whose partition is the input's, so the latest wins.
-- original and message_key are the bytes as they came (a ClickHouse string holds any bytes); a tombstone has none.
-- Ids are '' where the bytes did not give them. source_instance and source_seq are known for a readable envelope: its
-- number is used up, so it is no gap.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    input_epoch Int32,
    input_partition Int32,
    input_offset Int64,
    tenant_id String,
    correlation_id String,
    event_id String,
    event_type LowCardinality(String),
    source_instance String DEFAULT '',
    source_seq Int64 DEFAULT 0,
    reason LowCardinality(String),
    detail String,
    first_seen DateTime64(6, 'UTC') COMMENT 'append time of the input',
    message_key String,
    original String CODEC(ZSTD(3)),
    version Int64 COMMENT 'offset in the quarantine topic',
    deleted UInt8 COMMENT '1: solved'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS {{table_settings}}

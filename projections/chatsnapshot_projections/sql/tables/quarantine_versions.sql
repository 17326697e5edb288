-- quarantine_versions: what each input that could not be recorded looked like last, and tombstones of those that are solved.
-- Written at least once; version is the offset in the quarantine topic, whose partition is the input's, so the latest wins.
-- original and message_key are the bytes as they came (a ClickHouse string holds any bytes); a tombstone has none.
-- Ids are '' where the bytes did not give them. source_instance and source_seq are known for a readable envelope: its
-- number is used up, so it is no gap.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    input_epoch Int32 COMMENT 'identity of the events topic that input_offset belongs to',
    input_partition Int32 COMMENT 'partition of the input',
    input_offset Int64 COMMENT 'offset of the input in the events topic',
    tenant_id String COMMENT 'as far as the bytes say; empty when unreadable',
    correlation_id String COMMENT 'as far as the bytes say; empty when unreadable',
    event_id String COMMENT 'as far as the bytes say; empty when unreadable',
    event_type LowCardinality(String) COMMENT 'as far as the bytes say; empty when unreadable',
    source_instance String DEFAULT '' COMMENT 'of a readable envelope: whose number is used up',
    source_seq Int64 DEFAULT 0 COMMENT 'of a readable envelope: the number that is used up',
    reason LowCardinality(String) COMMENT 'stable reason code',
    detail String COMMENT 'the reason in words: field, limit, what was found',
    first_seen DateTime64(6, 'UTC') COMMENT 'append time of the input',
    message_key String COMMENT 'key of the Kafka message as it came, bytes',
    original String CODEC(ZSTD(3)) COMMENT 'value of the Kafka message as it came, bytes',
    version Int64 COMMENT 'offset in the quarantine topic',
    deleted UInt8 COMMENT '1: solved'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS {{table_settings}}

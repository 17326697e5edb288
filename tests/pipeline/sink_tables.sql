CREATE DATABASE {{database}};
CREATE TABLE {{database}}.held
(
    input_epoch Int32, input_partition Int32, input_offset Int64,
    tenant_id String, correlation_id String, event_id String, event_type String, waiting_for String,
    appended_at DateTime64(6, 'UTC'), deadline DateTime64(6, 'UTC'),
    version Int64, deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted) ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE {{database}}.quarantine
(
    input_epoch Int32, input_partition Int32, input_offset Int64,
    tenant_id String, correlation_id String, event_id String, event_type String,
    reason String, detail String, first_seen DateTime64(6, 'UTC'), message_key String, original String,
    version Int64, deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted) ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS non_replicated_deduplication_window = 10000;
CREATE TABLE {{database}}.seen (correlation_id String, sequence_no Int64)
ENGINE = MergeTree ORDER BY correlation_id SETTINGS non_replicated_deduplication_window = 10000;
CREATE MATERIALIZED VIEW {{database}}.seen_live TO {{database}}.seen AS SELECT correlation_id, sequence_no FROM {{database}}.ledger

-- quarantine_versions: each input that could not be recorded, and how it was solved.
-- Written at least once; version is the offset in the quarantine topic, whose partition is the input's, so the latest wins;
-- what solves an input goes before everything that refuses it, also what came later.
-- original and message_key are the bytes as they came (a ClickHouse string holds any bytes). A solved one has no original
-- here: it stays in the quarantine topic, at quarantine_offset.
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
    original String CODEC(ZSTD(3)) COMMENT 'value of the Kafka message as it came, bytes; empty when solved',
    quarantine_offset Int64 DEFAULT version COMMENT 'offset of the refused input in the quarantine topic',
    solution LowCardinality(String) COMMENT 'redriven, duplicate or discarded; empty: it waits',
    solved_at DateTime64(6, 'UTC') COMMENT 'by the clock of who solved it',
    solved_by String COMMENT 'who solved it, as they said',
    because String COMMENT 'why, in their words',
    edited String COMMENT 'fields of the envelope that were changed, with commas between',
    sent_event_id String COMMENT 'id of the event that was sent again; empty: none was',
    sent_partition Int32 COMMENT 'partition of the new input; -1: none was sent',
    sent_offset Int64 COMMENT 'offset of the new input in the events topic; -1: none was sent',
    fact_event_id String COMMENT 'id of the event in the run that tells of it; empty: no run is known',
    version Int64 COMMENT 'offset in the quarantine topic; of what solves an input: 2^62 more',
    deleted UInt8 COMMENT '1: solved, and not said how'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS {{table_settings}}

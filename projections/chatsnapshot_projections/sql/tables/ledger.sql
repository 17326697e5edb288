-- ledger: every record of the ledger topic, one column a field, in the order of the Avro record with `source` spread out.
-- The sink inserts record bytes under the flat schema of ledger_block_schema.py: names and order here must match it.
-- Rows never change. A replay writes the same row again; FINAL (and every view) shows it once.
-- payload stays text: the JSON type rewrites numbers and key order, and the bytes are part of the hash chain.
-- payload_ref is a tuple of nullable fields (all null: no reference), which every ClickHouse version reads from Avro.
-- Columns that are computed on reading (primitive, ..., document) are in derived/ledger_columns.sql.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    hash FixedString(32) COMMENT 'SHA-256 of the record: schema fingerprint, then every byte after this field',
    prev_hash FixedString(32) COMMENT 'hash of the record before it in the run; of the first: a hash of tenant and run',
    sequence_no Int64 CODEC(Delta, ZSTD(1)) COMMENT 'place of the event in its run, dense from 1',
    recorded_at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'append time of the input on the broker, UTC',
    input_epoch Int32 CODEC(ZSTD(1)) COMMENT 'identity of the events topic that input_offset belongs to',
    input_partition Int32 CODEC(ZSTD(1)) COMMENT 'partition of the input',
    input_offset Int64 CODEC(Delta, ZSTD(1)) COMMENT 'offset of the input in the events topic',
    gap_before Int64 CODEC(ZSTD(1)) COMMENT 'source numbers that were missing when this was recorded',
    late Bool COMMENT 'recorded after a higher number of its source, or after a redrive',
    cause LowCardinality(String) COMMENT 'root, linked, external or unresolved: what the sequencer knew then',
    event_id UUID COMMENT 'id that the producer gave: the same id in a run is the same fact',
    tenant_id LowCardinality(String) COMMENT 'owner of the run',
    correlation_id String CODEC(ZSTD(1)) COMMENT 'the run, workflow or session: the scope of order',
    causation_id Nullable(UUID) COMMENT 'the event that caused this one; null for a root',
    causation_correlation_id Nullable(String) CODEC(ZSTD(1)) COMMENT 'set when that cause lives in another run',
    caused_by Array(UUID) COMMENT 'further causes in the same run',
    event_type LowCardinality(String) COMMENT 'dotted type as recorded; view event_types lists the known ones',
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'clock of the producer, UTC; informative, it never decides order',
    source_origin LowCardinality(String) COMMENT 'agent, system, ui or integration',
    source_runtime LowCardinality(String) COMMENT 'framework: ag2, langgraph, custom, none, ...',
    source_service LowCardinality(String) COMMENT 'service that reported the event',
    source_instance Nullable(String) CODEC(ZSTD(1)) COMMENT 'one start of a producer',
    source_agent Nullable(String) CODEC(ZSTD(1)) COMMENT 'agent that reported the event',
    source_seq Nullable(Int64) CODEC(ZSTD(1)) COMMENT 'counts the events of source_instance in this run, dense from 0',
    subject_id Nullable(String) CODEC(ZSTD(1)) COMMENT 'the person that the event is about',
    headers Map(String, String) COMMENT 'traceparent and the like',
    payload String CODEC(ZSTD(3)) COMMENT 'JSON object, byte for byte as it was serialised',
    payload_ref Tuple(uri Nullable(String), sha256 Nullable(String), bytes Nullable(Int64)) COMMENT 'where the full payload is when it was above the cap: uri, sha256, bytes; all null otherwise',
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX causation_id_bloom causation_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (tenant_id, correlation_id, sequence_no)
SETTINGS {{table_settings}}

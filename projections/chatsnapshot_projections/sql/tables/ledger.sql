-- ledger: every record of the ledger topic, one column a field, in the order of the Avro record with `source` spread out.
-- The sink inserts record bytes under the flat schema of ledger_block_schema.py: names and order here must match it.
-- Rows never change. A replay writes the same row again; FINAL (and every view) shows it once.
-- payload stays text: the JSON type rewrites numbers and key order, and the bytes are part of the hash chain.
-- payload_ref is a tuple of nullable fields (all null: no reference), which every ClickHouse version reads from Avro.
-- Columns that are computed on reading (primitive, ..., document) are in derived/ledger_columns.sql.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    hash FixedString(32),
    prev_hash FixedString(32),
    sequence_no Int64 CODEC(Delta, ZSTD(1)),
    recorded_at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    input_epoch Int32 CODEC(ZSTD(1)),
    input_partition Int32 CODEC(ZSTD(1)),
    input_offset Int64 CODEC(Delta, ZSTD(1)),
    gap_before Int64 CODEC(ZSTD(1)),
    late Bool,
    cause LowCardinality(String),
    event_id UUID,
    tenant_id LowCardinality(String),
    correlation_id String CODEC(ZSTD(1)),
    causation_id Nullable(UUID),
    causation_correlation_id Nullable(String) CODEC(ZSTD(1)),
    caused_by Array(UUID),
    event_type LowCardinality(String),
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    source_origin LowCardinality(String),
    source_runtime LowCardinality(String),
    source_service LowCardinality(String),
    source_instance Nullable(String) CODEC(ZSTD(1)),
    source_agent Nullable(String) CODEC(ZSTD(1)),
    source_seq Nullable(Int64) CODEC(ZSTD(1)),
    subject_id Nullable(String) CODEC(ZSTD(1)),
    headers Map(String, String),
    payload String CODEC(ZSTD(3)),
    payload_ref Tuple(uri Nullable(String), sha256 Nullable(String), bytes Nullable(Int64)),
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX causation_id_bloom causation_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (tenant_id, correlation_id, sequence_no)
SETTINGS {{table_settings}}

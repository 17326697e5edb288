-- held_versions: events that wait for a cause or a predecessor, and tombstones of those that no longer do.
-- Written at least once from the state topic; version is the offset there. View `held` shows what waits now.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    input_epoch Int32 COMMENT 'identity of the events topic that input_offset belongs to',
    input_partition Int32 COMMENT 'partition of the input',
    input_offset Int64 COMMENT 'offset of the input in the events topic',
    tenant_id String COMMENT 'owner of the run',
    correlation_id String COMMENT 'the run, workflow or session: the scope of order',
    event_id String COMMENT 'id of the event',
    event_type LowCardinality(String) COMMENT 'dotted type as recorded; view event_types lists the known ones',
    waiting_for String COMMENT 'ids of causes, or a source and its missing numbers, in words',
    appended_at DateTime64(6, 'UTC') COMMENT 'append time of the input',
    deadline DateTime64(6, 'UTC') COMMENT 'in stream time: then it is recorded as it is',
    version Int64 COMMENT 'offset in the state topic',
    deleted UInt8 COMMENT '1: released'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (input_epoch, input_partition, input_offset)
SETTINGS {{table_settings}}

-- Who solved a quarantine record, when and how.
ALTER TABLE {{database}}.quarantine_versions
    ADD COLUMN IF NOT EXISTS quarantine_offset Int64 DEFAULT version AFTER original,
    ADD COLUMN IF NOT EXISTS solution LowCardinality(String) AFTER quarantine_offset,
    ADD COLUMN IF NOT EXISTS solved_at DateTime64(6, 'UTC') AFTER solution,
    ADD COLUMN IF NOT EXISTS solved_by String AFTER solved_at,
    ADD COLUMN IF NOT EXISTS because String AFTER solved_by,
    ADD COLUMN IF NOT EXISTS edited String AFTER because,
    ADD COLUMN IF NOT EXISTS sent_event_id String AFTER edited,
    ADD COLUMN IF NOT EXISTS sent_partition Int32 AFTER sent_event_id,
    ADD COLUMN IF NOT EXISTS sent_offset Int64 AFTER sent_partition,
    ADD COLUMN IF NOT EXISTS fact_event_id String AFTER sent_offset

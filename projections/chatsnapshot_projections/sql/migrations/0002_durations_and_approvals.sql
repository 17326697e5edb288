-- What the timeline needs of durations that events report, the audit trail of consent that calls ask for, and
-- the bill of prompts beyond a provider's limit.
-- Rows that were projected before have none of it until their projection is rebuilt.
ALTER TABLE {{database}}.workflow_facts
    ADD COLUMN IF NOT EXISTS reported_started_at Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)) AFTER forked_from_sequence_no,
    ADD COLUMN IF NOT EXISTS reported_duration_ms Nullable(Float64) CODEC(ZSTD(1)) AFTER reported_started_at
;
ALTER TABLE {{database}}.run_items
    ADD COLUMN IF NOT EXISTS approval_required Bool AFTER finish_reason
;
ALTER TABLE {{database}}.model_prices_versions
    ADD COLUMN IF NOT EXISTS long_prompt_over UInt32 AFTER version,
    ADD COLUMN IF NOT EXISTS long_prompt_price Nullable(Decimal(38, 12)) AFTER long_prompt_over

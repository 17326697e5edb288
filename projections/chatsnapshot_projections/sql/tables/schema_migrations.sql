-- schema_migrations: what was applied to this database. version > 0: a migration; 0: a definition (view, projection query,
-- computed column) that is applied again whenever its text changes, with the digest of that text.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    version UInt32 COMMENT 'number of the migration; 0: a definition',
    name String COMMENT 'what was applied',
    digest String COMMENT 'SHA-256 of the statements',
    applied_at DateTime64(6, 'UTC') COMMENT 'when, by the clock of who applied it'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY (version, name)
SETTINGS {{table_settings}}

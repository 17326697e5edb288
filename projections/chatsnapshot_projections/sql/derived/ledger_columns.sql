-- Columns of ledger that are computed when they are read, so they follow event_types.csv without rewriting a row.
-- primitive, declared_entity, declared_phase: what event_types.csv says of the type; unlisted types map by family.
-- document: the payload as text that ClickHouse's JSON parser accepts. Two things are valid JSON and refused by it, and
--   one of them would hide the whole payload: lone surrogates (shown as U+FFFD) and numbers beyond a double (as null).
--   The expressions consume strings and escaped backslashes on the way, so look-alikes inside text stay as they are.
ALTER TABLE {{database}}.{{table}}
    ADD COLUMN IF NOT EXISTS primitive LowCardinality(String) ALIAS '',
    ADD COLUMN IF NOT EXISTS declared_entity LowCardinality(String) ALIAS '',
    ADD COLUMN IF NOT EXISTS declared_phase LowCardinality(String) ALIAS '',
    ADD COLUMN IF NOT EXISTS document String ALIAS ''
;
ALTER TABLE {{database}}.{{table}}
    MODIFY COLUMN primitive LowCardinality(String) ALIAS {{primitive}}
        COMMENT 'the one of the seven primitives that the type maps to; computed on reading',
    MODIFY COLUMN declared_entity LowCardinality(String) ALIAS {{declared_entity}}
        COMMENT 'entity that the type stands for; empty: only the payload can say; computed on reading',
    MODIFY COLUMN declared_phase LowCardinality(String) ALIAS {{declared_phase}}
        COMMENT 'phase that the type stands for; empty: only the payload can say; computed on reading',
    MODIFY COLUMN document String ALIAS {{document}}
        COMMENT 'payload as text that every JSON function here accepts; computed on reading'

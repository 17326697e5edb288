"""ClickHouse settings that ChatSnapshot depends on, stated with every insert and read.

Defaults change between versions (26.2 alone turned asynchronous inserts on and changed two kinds of deduplication),
so nothing that correctness or a bound hangs on is left to them.
"""

Settings = dict[str, str | int]

DEDUPLICATION_WINDOW = 10_000
"""Inserts per table whose tokens are remembered: more than an hour at two inserts a second.

It is 0 on plain MergeTree tables by default, and then a token does nothing. Targets of materialized views need it too.
"""

INSERT_SETTINGS: Settings = {
    # one insert is one block and one acknowledged write; a token names exactly it
    "async_insert": 0,
    "wait_for_async_insert": 1,
    "deduplicate_insert": "enable",
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # far above the largest batch (50,000 records, 32 MB), so that a batch is never split
    "max_insert_block_size": 1_048_449,
    "min_insert_block_size_rows": 1_048_449,
    "min_insert_block_size_bytes": 268_402_944,
    # a catch-up over years of months is one block all the same
    "max_partitions_per_insert_block": 0,
    # a failing projection must fail the insert: a row missing in one table would stay missing
    "materialized_views_ignore_errors": 0,
    # every branch is total, and lazy evaluation costs the projections a third of their speed
    "short_circuit_function_evaluation": "disable",
    # planning the projections is a fixed price of every insert; this step of it takes 35 of 160 ms and gains nothing
    "query_plan_merge_expressions": 0,
    "input_format_avro_allow_missing_fields": 1,
    "input_format_null_as_default": 1,
}
"""Beside these the sink gives `insert_deduplication_token`."""

READ_SETTINGS: Settings = {
    # rows are shown once whatever happened on the way in, also where a query forgets FINAL
    "final": 1,
    # equal rows share their partition: it is a function of an immutable column
    "do_not_merge_across_partitions_select_final": 1,
    # the views are written for it: a column without a partner is empty, and nullable only where it is so declared
    "join_use_nulls": 0,
}

-- transcript: what was said in a run: messages, and the answers of people. Columns as run_items; order by sequence_no, ordinal.
SELECT *
FROM {{database}}.run_items FINAL
WHERE primitive IN ('execution.message', 'ui.interaction')
SETTINGS do_not_merge_across_partitions_select_final = 1

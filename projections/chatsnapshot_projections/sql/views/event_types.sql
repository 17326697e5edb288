-- event_types: the table of types of chatsnapshot_schemas, for joins in people's SQL.
-- column name: dotted name of the type
-- column primitive: the one of the seven primitives that it maps to
-- column entity: run, workflow, task, node or agent, where the type says so
-- column phase: started, completed, ..., where the type says so
-- column aliases: what runtimes call it
{{event_types}}

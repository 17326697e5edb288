-- event_types: the table of types of chatsnapshot_schemas, for joins in people's SQL.
{{event_types}}

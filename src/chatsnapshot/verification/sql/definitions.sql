-- when each definition was last applied, microseconds since 1970
SELECT name, toInt64(toUnixTimestamp64Micro(applied_at)) FROM {{database}}.schema_migrations WHERE version = 0

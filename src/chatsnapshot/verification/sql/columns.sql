-- the columns of every table and view, without those that are computed on reading
SELECT table, name FROM system.columns
WHERE database = {database:String} AND default_kind NOT IN ('ALIAS', 'EPHEMERAL')
ORDER BY table, position

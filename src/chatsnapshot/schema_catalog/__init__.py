"""The Avro schemas as people and registries see them: named, compared with released ones, registered."""

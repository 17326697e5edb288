"""Kafka as `chatsnapshot` itself uses it: topics, epochs, and reading a partition up to its end."""

"""A Confluent-compatible schema registry behind `framing.SchemaIds`. The one module that knows its client."""

import json

from fastavro.schema import fingerprint, to_parsing_canonical_form

from chatsnapshot_schemas.avro_schema import AvroSchema
from chatsnapshot_schemas.errors import MissingExtra, RegistryUnavailable, SchemaRefused
from chatsnapshot_schemas.framing import Framing

HTTP_CONFLICT = 409
HTTP_NOT_FOUND = 404
TIMEOUT_S = 10.0
"""A registry that does not answer stops the worker: better soon than after minutes."""


def framing_with(registry_url: str | None) -> Framing:
    """Confluent framing when a registry is set, else single-object encoding; either reads both. Raises MissingExtra."""
    return Framing(ConfluentRegistry(registry_url) if registry_url else None)


class ConfluentRegistry:
    """Registers and resolves schemas; answers are cached by its client. Not answering raises RegistryUnavailable."""

    def __init__(self, url: str) -> None:
        try:
            from confluent_kafka.schema_registry import SchemaRegistryClient
        except ImportError:
            raise MissingExtra("registry", "CHATSNAPSHOT_SCHEMA_REGISTRY_URL") from None
        self._url = url
        self._client = SchemaRegistryClient({"url": url, "timeout": TIMEOUT_S, "max.retries": 2})

    def id_of(self, subject: str, schema: AvroSchema) -> int:
        """Register the schema under the subject (idempotent) and return its id."""
        from confluent_kafka.schema_registry import Schema

        try:
            return int(self._client.register_schema(subject, Schema(schema.text, "AVRO")))
        except Exception as error:
            raise self._translated(error, f"subject {subject}") from error

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        """The CRC-64-AVRO fingerprint of a registered schema, little-endian; None for an unknown id."""
        try:
            text = self._client.get_schema(schema_id).schema_str or ""
        except Exception as error:
            if getattr(error, "http_status_code", None) == HTTP_NOT_FOUND:
                return None
            raise self._translated(error, f"schema id {schema_id}") from error
        return bytes.fromhex(fingerprint(to_parsing_canonical_form(json.loads(text)), "CRC-64-AVRO"))

    def _translated(self, error: Exception, what: str) -> Exception:
        if getattr(error, "http_status_code", None) == HTTP_CONFLICT:
            return SchemaRefused(f"schema registry at {self._url} refuses {what}: {error}")
        return RegistryUnavailable(f"schema registry at {self._url} does not answer for {what}: {error}")

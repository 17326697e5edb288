"""A Confluent-compatible schema registry behind `framing.SchemaIds`. The one module that knows its client."""

import json
from dataclasses import dataclass

from chatsnapshot_schemas.avro_schema import AvroSchema, fingerprint_of
from chatsnapshot_schemas.errors import MissingExtra, RegistryUnavailable, SchemaRefused
from chatsnapshot_schemas.framing import Framing

HTTP_CONFLICT = 409
HTTP_NOT_FOUND = 404
TIMEOUT_S = 10.0
"""A registry that does not answer stops the worker: better soon than after minutes."""


BACKWARD = "BACKWARD"
"""New readers read what older writers wrote: the only change that the contract allows."""


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """What a registry holds under a subject: its latest version."""

    schema_id: int
    version: int
    text: str


def protects_readers(level: str | None) -> bool:
    """Whether a registry with that compatibility level refuses a schema that breaks readers; None: not set."""
    return level is not None and level.startswith((BACKWARD, "FULL"))


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
        return fingerprint_of(json.loads(text))

    def latest(self, subject: str) -> RegisteredSchema | None:
        """The latest version under a subject; None when nothing is registered there. Registers nothing."""
        try:
            found = self._client.get_latest_version(subject)
        except Exception as error:
            self._raise_unless_missing(error, f"subject {subject}")
            return None
        return RegisteredSchema(found.schema_id or 0, found.version or 0, found.schema.schema_str or "")

    def version_of(self, subject: str, schema: AvroSchema) -> int | None:
        """The version under which exactly this schema is registered; None when it is not. Registers nothing."""
        from confluent_kafka.schema_registry import Schema

        try:
            return self._client.lookup_schema(subject, Schema(schema.text, "AVRO")).version
        except Exception as error:
            self._raise_unless_missing(error, f"subject {subject}")
            return None

    def accepts(self, subject: str, schema: AvroSchema) -> bool:
        """Whether the registry would take the schema behind the latest version. Registers nothing."""
        from confluent_kafka.schema_registry import Schema

        try:
            return bool(self._client.test_compatibility(subject, Schema(schema.text, "AVRO")))
        except Exception as error:
            if getattr(error, "http_status_code", None) == HTTP_NOT_FOUND:
                return True  # nothing is registered there yet
            raise self._translated(error, f"subject {subject}") from error

    def level(self, subject: str) -> str | None:
        """The compatibility level of the subject; None when none is set for it (Apicurio says NONE then)."""
        try:
            return str(self._client.get_compatibility(subject))
        except Exception as error:
            self._raise_unless_missing(error, f"level of {subject}")
            return None

    def require_backward(self, subject: str) -> None:
        """From now on the registry refuses a schema under this subject that breaks readers."""
        try:
            self._client.set_compatibility(subject, BACKWARD)
        except Exception as error:
            raise self._translated(error, f"level of {subject}") from error

    def _raise_unless_missing(self, error: Exception, what: str) -> None:
        if getattr(error, "http_status_code", None) != HTTP_NOT_FOUND:
            raise self._translated(error, what) from error

    def _translated(self, error: Exception, what: str) -> Exception:
        if getattr(error, "http_status_code", None) == HTTP_CONFLICT:
            return SchemaRefused(f"schema registry at {self._url} refuses {what}: {error}")
        return RegistryUnavailable(f"schema registry at {self._url} does not answer for {what}: {error}")

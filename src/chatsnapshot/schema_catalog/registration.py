"""Schemas into the registry, as `migrate` does it: registered, and protected against changes that break readers."""

from collections.abc import Iterator

from chatsnapshot.migration import MigrationStep
from chatsnapshot.schema_catalog.catalog import CatalogEntry, catalog
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.registry import BACKWARD, ConfluentRegistry, protects_readers


def migrate_registry(settings: Settings, *, dry_run: bool) -> list[MigrationStep]:
    """Register what is not there yet; nothing without CHATSNAPSHOT_SCHEMA_REGISTRY_URL.

    Raises RegistryUnavailable, SchemaRefused (an incompatible change), MissingExtra.
    """
    if settings.schema_registry_url is None:
        return []
    registry = ConfluentRegistry(settings.schema_registry_url)
    return [step for entry in catalog(settings.topics()) if entry.public for step in _entered(registry, entry, dry_run)]


def _entered(registry: ConfluentRegistry, entry: CatalogEntry, dry_run: bool) -> Iterator[MigrationStep]:
    subject = entry.subject or ""
    what = f"registry subject {subject}"
    if registry.version_of(subject, entry.schema) is None:
        if not dry_run:
            registry.id_of(subject, entry.schema)
        yield MigrationStep(what, f"register {entry.schema.name} {entry.schema.fingerprint.hex()}")
    if not protects_readers(registry.level(subject)):
        if not dry_run:
            registry.require_backward(subject)
        yield MigrationStep(what, f"set compatibility {BACKWARD}")

"""What an HTTP process serves."""

from enum import StrEnum

from chatsnapshot_schemas.errors import ConfigurationError


class HttpRole(StrEnum):
    """One set of routes, and what they need."""

    INGEST = "ingest"
    """Takes events and blobs; needs the broker."""
    READ = "read"
    """Answers questions; needs ClickHouse."""
    REDRIVE = "redrive"
    """Solves quarantine records; needs both, and the rights of role `redrive`."""


ALL_ROLES = frozenset(HttpRole)
LATER = ("ui",)


def http_roles(text: str) -> frozenset[HttpRole]:
    """From `ingest,read`. Raises ConfigurationError."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    for name in names:
        if name in LATER:
            raise ConfigurationError(f"--roles: {name!r} is not built yet; there are {', '.join(HttpRole)}")
        if name not in set(HttpRole):
            raise ConfigurationError(f"--roles: there is no {name!r}; there are {', '.join(HttpRole)}")
    if not names:
        raise ConfigurationError(f"--roles: at least one of {', '.join(HttpRole)}")
    return frozenset(map(HttpRole, names))

"""Whose events a request writes or reads."""

from starlette.requests import Request

from chatsnapshot.settings import Settings
from chatsnapshot_producers.ingest_reading import TenantRule
from chatsnapshot_schemas.errors import WrongTenant

TENANT_HEADER = "x-chatsnapshot-tenant"


def tenant_rule(request: Request, settings: Settings) -> TenantRule:
    """A server with a key, or with CHATSNAPSHOT_TENANT set, serves that one tenant; else the one that the header names.

    Without a header nothing is refused: events may name any tenant. Raises WrongTenant.
    """
    pinned = settings.api_key is not None or "tenant" in settings.model_fields_set
    named = request.headers.get(TENANT_HEADER)
    if pinned and named not in (None, settings.tenant):
        raise WrongTenant(f"{TENANT_HEADER}: {named!r} is not served here, only {settings.tenant!r}")
    return TenantRule(named or settings.tenant, alone=pinned or named is not None)

"""What JSON lacks, for every place that prints rows to machines."""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from chatsnapshot_schemas.json_form import time_text


def row_dict(row: Any) -> dict[str, Any]:
    """A query's row as a mapping."""
    return asdict(row)


def json_value(value: Any) -> Any:
    """`json.dumps(default=...)`: times in UTC, decimals and ids as text (no digit is lost), bytes in hexadecimal."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID | IPv4Address | IPv6Address):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"not JSON: {type(value).__name__}")

"""`multipart/form-data`: clickhouse-connect sends a query this way when its parameters are too long for a URL."""

import re

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_NAME = re.compile(r'\bname="([^"]*)"')


def is_multipart(content_type: str | None) -> bool:
    """Whether the body is a form with parts."""
    return (content_type or "").lower().startswith("multipart/form-data")


def form_fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts by name. Raises EndpointError when the body is no such form, or carries a file (external data)."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise EndpointError(Code.BAD_ARGUMENTS, "multipart/form-data without a boundary")
    delimiter = b"\r\n--" + boundary.group(1).encode("latin-1")
    fields: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(delimiter)[1:]:
        if part.startswith(b"--"):
            return fields
        head, separator, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head.decode("latin-1"))
        if not separator or name is None:
            break
        if b"filename=" in head:
            raise EndpointError(Code.NOT_IMPLEMENTED, "external data are not supported by the embedded engine")
        fields[name.group(1)] = value
    raise EndpointError(Code.BAD_ARGUMENTS, "the multipart/form-data body cannot be read")

"""The inputs of AG2's messages and tool results as parts and attachments (PAYLOADS: execution.message)."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ag2.events import BinaryInput, BinaryResult, DataInput, FileIdInput, Input, TextInput, UrlInput

from chatsnapshot.runtimes.jsonable import jsonable

INLINE_BYTES_MAX = 64 * 1024
"""Files up to this size are kept in the payload; above it only name, size and digest: a ledger is no file store."""

Json = dict[str, Any]
_PLAIN = (TextInput, DataInput)  # a tuple: AG2 gives `|` between event classes a meaning of its own


def parts_and_attachments(inputs: Sequence[Input]) -> tuple[list[Json], list[Json]]:
    """Every input as a part, in order; files as attachments that the parts name."""
    parts: list[Json] = []
    attachments: list[Json] = []
    for item in inputs:
        part, attachment = _part(item)
        parts.append(part)
        if attachment:
            attachments.append(attachment)
    return parts, attachments


def text_of(inputs: Sequence[Input]) -> str | None:
    """The plain text of inputs; data as JSON text; None when there is neither."""
    texts = [_text(item) for item in inputs if isinstance(item, _PLAIN)]
    return "\n".join(texts) if texts else None


def output_of(inputs: Sequence[Input]) -> Any:
    """What a tool returned: one text or one value as it is, several as a list."""
    values = [_value(item) for item in inputs if isinstance(item, _PLAIN)]
    return values[0] if len(values) == 1 else (values or None)


def file_result(file: BinaryResult) -> Json:
    """A file that a model made, as an attachment."""
    return _file(file.data, file.name, file.metadata.get("media_type"))


def _value(item: TextInput | DataInput) -> Any:
    return item.content if isinstance(item, TextInput) else jsonable(item.data)


def _text(item: TextInput | DataInput) -> str:
    if isinstance(item, TextInput):
        return item.content
    return json.dumps(jsonable(item.data), ensure_ascii=False)


def _part(item: Input) -> tuple[Json, Json | None]:
    if isinstance(item, TextInput):
        return {"type": "text", "text": item.content}, None
    if isinstance(item, DataInput):
        return {"type": "data", "data": jsonable(item.data)}, None
    if isinstance(item, BinaryInput):
        file = _file(item.data, item.vendor_metadata.get("filename"), item.media_type)
        return {"type": _kind(item), "media_type": item.media_type, "attachment_id": file["id"]}, file
    if isinstance(item, UrlInput):
        return {"type": _kind(item), "attachment_id": item.url}, {"id": item.url, "uri": item.url}
    if isinstance(item, FileIdInput):
        return {"type": "file", "attachment_id": item.file_id}, {"id": item.file_id, "name": item.filename}
    return {"type": type(item).__name__, "data": jsonable(item.to_dict())}, None


def _kind(item: BinaryInput | UrlInput) -> str:
    return str(getattr(item.kind, "value", item.kind))


def _file(data: bytes, name: str | None, media_type: str | None) -> Json:
    digest = hashlib.sha256(data).hexdigest()
    file: Json = {
        "id": f"sha256:{digest}",
        "name": name,
        "media_type": media_type,
        "bytes": len(data),
        "sha256": digest,
    }
    if len(data) <= INLINE_BYTES_MAX:
        text = base64.b64encode(data).decode("ascii")
        file["uri"] = f"data:{media_type or 'application/octet-stream'};base64,{text}"
    return {key: value for key, value in file.items() if value is not None}

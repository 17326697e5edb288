"""A payload above the cap becomes a blob, a preview and a reference."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from chatsnapshot_producers.blobs import BLOB_BYTES_MAX, BlobStore
from chatsnapshot_producers.payload_preview import preview_of
from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.json_form import envelope_from_json
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX, check_payload_shape
from chatsnapshot_schemas.reasons import Reason

UTF8_BYTES_PER_CHAR_MAX = 4


@dataclass(frozen=True, slots=True)
class LargePayload:
    """A payload above the cap: what the envelope says, and what the blob holds."""

    content: bytes
    """The whole payload as it was written, UTF-8."""
    preview: str
    ref: PayloadRef


UriOf = Callable[[str], str]
"""`BlobStore.uri`: what `payload_ref.uri` says of a digest."""


def large_payload(text: str, uri: UriOf | None) -> LargePayload | None:
    """None when `text` is not above the cap. `uri` None: there is no blob storage. Nothing is contacted.

    Raises InvalidEvent for what is no JSON object within the depth, or above BLOB_BYTES_MAX.
    """
    if len(text) * UTF8_BYTES_PER_CHAR_MAX <= PAYLOAD_BYTES_MAX:
        return None
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise InvalidEvent("payload", "no lone surrogates") from None
    if len(content) <= PAYLOAD_BYTES_MAX:
        return None
    if uri is None:
        raise _too_large(content, f"at most {PAYLOAD_BYTES_MAX}: there is no blob storage for larger ones")
    if len(content) > BLOB_BYTES_MAX:
        raise _too_large(content, f"at most {BLOB_BYTES_MAX} (64 MiB), in blob storage too")
    check_payload_shape(text)
    digest = sha256(content).hexdigest()
    return LargePayload(content, preview_of(text), PayloadRef(uri(digest), digest, len(content)))


def _too_large(content: bytes, limit: str) -> InvalidEvent:
    return InvalidEvent("payload", f"{len(content)} bytes, {limit}", Reason.TOO_LARGE)


def offload(envelope: EventEnvelope, store: BlobStore) -> EventEnvelope:
    """Put an envelope's payload into `store` if it is above the cap: back comes one with preview and `payload_ref`.

    Unchanged otherwise. The blob is stored when this returns. Raises InvalidEvent, BlobUnavailable.
    """
    large = large_payload(envelope.payload, store.uri)
    if large is None:
        return envelope
    made = replace(envelope, payload=large.preview, payload_ref=large.ref)
    store.put(large.content)
    return made


@dataclass(frozen=True, slots=True)
class ReadEnvelope:
    """An envelope as it will be recorded, and the content of its blob: empty when it has none to be stored."""

    envelope: EventEnvelope
    content: bytes


def envelope_from_large_json(text: str | bytes, uri: UriOf | None, **defaults: Any) -> ReadEnvelope:
    """As `envelope_from_json`, for payloads above the cap too; nothing is stored yet. Raises InvalidEvent."""
    found: list[LargePayload] = []

    def shorten(payload: str) -> tuple[str, PayloadRef] | None:
        large = large_payload(payload, uri)
        if large is None:
            return None
        found.append(large)
        return large.preview, large.ref

    envelope = envelope_from_json(text, shorten=shorten, **defaults)
    return ReadEnvelope(envelope, found[0].content if found else b"")

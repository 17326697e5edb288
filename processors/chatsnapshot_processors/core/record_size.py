"""How large an input record may be, unpacked.

The broker's limit is on what it stores, and that may be compressed: a record of any size can be in the topic. Outputs
are packed by another codec than the input was, perhaps less well, so each must fit without any compression.
"""

from hashlib import sha256

from chatsnapshot_processors.core.incoming import Refusal
from chatsnapshot_processors.core.records import InputRecord
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX, QUARANTINED_BYTES_MAX

RECORD_BYTES_MAX = INPUT_MESSAGE_BYTES_MAX
"""Key, value and headers of an event: what the topic takes without compression. A whole envelope needs a third."""
HEADER_BYTES = 4
"""What a header takes beside its name and value, at least as much as in the state topic."""
CUT_BYTES = 1024 * 1024
"""What is kept of key, of value and of headers of a record that quarantine cannot take whole."""


def record_bytes(record: InputRecord) -> int:
    """Size of key, value and headers."""
    size = len(record.value or b"") + len(record.key or b"")
    return size + sum(_header_bytes(*header) for header in record.headers) if record.headers else size


def refusal_of_size(record: InputRecord) -> Refusal | None:
    """Why a record is too large for an event; None when it is not."""
    size = record_bytes(record)
    if size <= RECORD_BYTES_MAX:
        return None
    detail = f"record: {size} bytes unpacked (key, value and headers), at most {RECORD_BYTES_MAX}"
    if size > QUARANTINED_BYTES_MAX:
        digest = sha256(record.value or b"").hexdigest()
        detail += (
            f"; over {QUARANTINED_BYTES_MAX}, so only the beginning is kept here; the value has "
            f"{len(record.value or b'')} bytes, SHA-256 {digest}; the events topic has it until its retention ends"
        )
    return Refusal(Reason.TOO_LARGE, detail)


def kept_record(record: InputRecord) -> InputRecord:
    """What quarantine keeps of a record: all of it, or the beginnings of one that is over QUARANTINED_BYTES_MAX."""
    if record_bytes(record) <= QUARANTINED_BYTES_MAX:
        return record
    kept, size = [], 0
    for header in record.headers:
        size += _header_bytes(*header)
        if size > CUT_BYTES:
            break
        kept.append(header)
    return record._replace(
        key=record.key and record.key[:CUT_BYTES], value=record.value and record.value[:CUT_BYTES], headers=tuple(kept)
    )


def _header_bytes(name: str, value: bytes | None) -> int:
    return len(name.encode()) + len(value or b"") + HEADER_BYTES

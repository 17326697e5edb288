"""When two events with one id are the same fact."""

from hashlib import blake2b

from chatsnapshot_schemas.rules import Plain

DIGEST_BYTES = 16
"""Kept for every recorded event, so short; 128 bits: an accidental match is out of the question."""


def fact_digest(envelope: Plain) -> bytes:
    """Digest of event_type, causation_id, subject_id, `payload_ref.sha256` and payload bytes of a checked envelope.

    Unambiguous: none of the first four can hold NUL or be empty text, and the payload comes last.
    """
    ref = envelope["payload_ref"]
    text = (
        f"{envelope['event_type']}\0{envelope['causation_id'] or ''}\0{envelope['subject_id'] or ''}\0"
        f"{ref['sha256'] if ref else ''}\0{envelope['payload']}"
    )
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()

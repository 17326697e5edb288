"""An input record as the quarantine topic keeps it.

Key and value are the input's, byte for byte. Headers: the input's own, unchanged and in their order, then ours
(`chatsnapshot_schemas.headers`, all values text); an input may carry a header with one of our names, so the last one of
a name counts.
"""

from chatsnapshot_processors.core.records import Quarantined
from chatsnapshot_schemas import headers

HeaderList = list[tuple[str, str | bytes | None]]

DETAIL_CHARS_MAX = 2_000
"""A decoder's complaint may quote what it read; the record must stay within the topic's room for it."""


def quarantine_headers(quarantined: Quarantined) -> HeaderList:
    """Headers of the quarantine record of an input."""
    record = quarantined.record
    return [
        *record.headers,
        (headers.QUARANTINE_REASON, str(quarantined.reason)),
        (headers.QUARANTINE_DETAIL, quarantined.detail[:DETAIL_CHARS_MAX]),
        (headers.QUARANTINE_INPUT_EPOCH, str(quarantined.epoch)),
        (headers.QUARANTINE_INPUT_PARTITION, str(quarantined.partition)),
        (headers.QUARANTINE_INPUT_OFFSET, str(record.offset)),
        (headers.QUARANTINE_FIRST_SEEN, str(record.appended_at)),
    ]

from chatsnapshot_processors.core.records import InputRecord, Quarantined
from chatsnapshot_processors.quarantine_record import DETAIL_CHARS_MAX, quarantine_headers
from chatsnapshot_schemas import headers
from chatsnapshot_schemas.reasons import Reason


def test_the_inputs_own_headers_come_first_and_ours_last() -> None:
    own = ((headers.QUARANTINE_REASON, b"forged"), ("x", None), ("x", b"2"))
    record = InputRecord(7, 123_000, None, None, own)
    made = quarantine_headers(Quarantined(record, Reason.UNDECODABLE, "ä" * 9_999, 2, 5))
    assert tuple(made[:3]) == own
    assert dict(made) == {
        "x": b"2",
        headers.QUARANTINE_REASON: "undecodable",
        headers.QUARANTINE_DETAIL: "ä" * DETAIL_CHARS_MAX,
        headers.QUARANTINE_INPUT_EPOCH: "2",
        headers.QUARANTINE_INPUT_PARTITION: "5",
        headers.QUARANTINE_INPUT_OFFSET: "7",
        headers.QUARANTINE_FIRST_SEEN: "123000",
    }

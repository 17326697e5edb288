"""Records as a consumer gives them."""

from dataclasses import dataclass

from chatsnapshot_processors.intake import Fetch, FetchedRecord, Intake


@dataclass
class Record:
    """What lanes look at."""

    offset: int
    timestamp: int = 1_700_000_000_000
    key: bytes | None = b"default/run"
    value: bytes | None = b"value"
    headers: tuple[tuple[str, bytes | None], ...] = ()


def records(*offsets: int, value: bytes = b"value") -> list[FetchedRecord]:
    return [Record(offset, value=value) for offset in offsets]


def fetched(intake: Intake, *offsets: int, following: int | None = None, value: bytes = b"value") -> Fetch:
    """A fetch that is handed over."""
    fetch = intake.reserve(records(*offsets, value=value), offsets[-1] + 1 if following is None else following)
    assert fetch is not None
    intake.put(fetch)
    return fetch

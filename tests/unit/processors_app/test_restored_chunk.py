"""Restoring writes into the cache exactly what recording did."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_processors.core.ledger_facts import ledger_facts
from chatsnapshot_processors.core.recorded_state import Changes, Overlay
from chatsnapshot_processors.restored_chunk import RestoredChunk
from chatsnapshot_processors.rocks_keys import CacheOwner, LedgerMark
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_schemas.codec import decode_ledger_plain
from tests.unit.processors.event_values import event
from tests.unit.processors.lane_in_memory import Lane

OWNER = CacheOwner("cluster", "topic", 0)


def bodies(numbers: list[int | None]) -> list[bytes]:
    """Records of one run whose source numbers come in that order, gaps and late ones among them."""
    lane = Lane()
    for at, number in enumerate(numbers):
        lane.send(event(f"e{at}", seq=number, run=f"run-{at % 2}"), at=at * 40_000_000)
    lane.tick(10**12)
    return lane.ledger


def content(state: RocksState) -> dict[bytes, bytes]:
    return {key: value for key, value in state._db.items() if key[:1] != b"m"}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.none() | st.integers(0, 12), max_size=30), st.integers(1, 7))
def test_it_is_what_recording_wrote(tmp_path_factory: object, numbers: list[int | None], size: int) -> None:
    folder: Path = tmp_path_factory.mktemp("caches")  # type: ignore[attr-defined]
    recorded = bodies(numbers)
    live, restored = RocksState(folder / "live", OWNER), RocksState(folder / "restored", OWNER)
    live.apply(Changes(), LedgerMark(-1, b"", -1, -1, 0))
    for at in range(0, len(recorded), size):
        part = recorded[at : at + size]
        overlay, chunk = Overlay(live), RestoredChunk(restored)
        for body in part:
            overlay.fold(decode_ledger_plain(body))
            chunk.fold(ledger_facts(body))
        chunk.ledger_offset = at + len(part) - 1
        live.apply(overlay.take_changes(), LedgerMark(chunk.ledger_offset, part[-1][:32], 1, 0, 0))
        restored.apply_restored(chunk, chunk.mark(restored.mark))
    assert content(restored) == content(live)
    if recorded:
        plains = [decode_ledger_plain(body) for body in recorded]
        assert restored.mark == LedgerMark(
            len(recorded) - 1,
            recorded[-1][:32],
            *max((plain["input_epoch"], plain["input_offset"]) for plain in plains),
            max(plain["recorded_at"] for plain in plains),
        )
    live.close()
    restored.close()

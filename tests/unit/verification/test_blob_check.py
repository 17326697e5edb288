import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatsnapshot.verification import blob_check
from chatsnapshot.verification.blob_check import SILENCES_MAX, WAITING_MAX, BlobCheck
from chatsnapshot.verification.chain_check import PartitionCheck, StoredPayload
from chatsnapshot.verification.findings import Finding, Kind, Report
from chatsnapshot_producers.blobs import FsspecBlobStore
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import ConfigurationError
from tests.unit.verification.ledger_of import LedgerOf


class CountingStore(FsspecBlobStore):
    """Counts what is read, and how many at once."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.read: list[str] = []
        self.threads: set[str] = set()

    def chunks(self, sha256: str) -> Iterator[bytes]:
        self.read.append(sha256)
        self.threads.add(threading.current_thread().name)
        return super().chunks(sha256)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(str(tmp_path / "blobs"))


def stored(number: int, ref: PayloadRef) -> StoredPayload:
    return StoredPayload(ref, "default", "run-1", number, f"event-{number}")


def findings(store: FsspecBlobStore, refs: list[PayloadRef]) -> list[Finding]:
    found = []
    with BlobCheck(lambda: store) as check:
        for number, ref in enumerate(refs):
            found += list(check.begin(stored(number, ref)))
        found += list(check.finish())
        assert check.checked == len(refs)
    return found


def file_of(tmp_path: Path, ref: PayloadRef) -> Path:
    return tmp_path / "blobs" / ref.sha256[:2] / ref.sha256


def test_what_is_as_it_was_recorded_is_no_finding(store: CountingStore) -> None:
    refs = [store.put(b"%d" % number) for number in range(WAITING_MAX * 3)]
    assert findings(store, refs) == []
    assert sorted(store.read) == sorted(ref.sha256 for ref in refs)
    assert 1 <= len(store.threads) <= 4


def test_answers_are_remembered_up_to_a_bound(store: CountingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_check, "REMEMBERED_MAX", 4)
    refs = [store.put(b"%d" % number) for number in range(10)]
    with BlobCheck(lambda: store) as check:
        for number, ref in enumerate([*refs, *refs]):
            assert list(check.begin(stored(number, ref))) == []
            assert len(check._known) <= 4
        assert list(check.finish()) == []
    assert len(store.read) == 20, "each was forgotten before it came again"


def test_every_event_of_a_lost_blob_is_named_and_the_blob_is_asked_for_once(
    store: CountingStore, tmp_path: Path
) -> None:
    lost, kept = store.put(b"lost"), store.put(b"kept")
    file_of(tmp_path, lost).unlink()
    found = findings(store, [lost, kept, lost])
    assert [(each.kind, each.sequence_no, each.event_id) for each in found] == [
        (Kind.BLOB_MISSING, 0, "event-0"),
        (Kind.BLOB_MISSING, 2, "event-2"),
    ]
    assert lost.uri in found[0].detail
    assert len(store.read) == 2


def test_a_changed_blob_breaks_and_a_lost_one_leaves_open(store: CountingStore, tmp_path: Path) -> None:
    changed = store.put(b"as recorded")
    file_of(tmp_path, changed).write_bytes(b"as_recorded")
    (found,) = findings(store, [changed])
    assert found.kind is Kind.BLOB_CHANGED
    broken, open_ = Report(), Report()
    broken.add(found)
    open_.add(Finding(Kind.BLOB_MISSING, ""))
    assert (broken.exit_code, open_.exit_code) == (2, 3)


def test_storage_that_does_not_answer_is_a_finding_and_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "disk").touch()
    store = CountingStore(str(tmp_path / "disk" / "blobs"))
    refs = [PayloadRef("", f"{number:064x}", 5) for number in range(200)]
    found = findings(store, refs)
    assert {each.kind for each in found} == {Kind.BLOB_UNREACHABLE}
    assert len(found) == 200
    assert len(store.read) < SILENCES_MAX + 4


def test_storage_that_cannot_be_used_is_a_finding() -> None:
    def unusable() -> FsspecBlobStore:
        raise ConfigurationError("s3:// needs package s3fs")

    with BlobCheck(unusable) as check:
        found = [*check.begin(stored(1, PayloadRef("", "ab" * 32, 5))), *check.finish()]
    assert [(each.kind, each.detail) for each in found] == [(Kind.BLOB_UNREACHABLE, "s3:// needs package s3fs")]


def test_without_blobs_the_storage_is_never_made() -> None:
    with BlobCheck(lambda: pytest.fail("asked for")) as check:
        assert list(check.finish()) == []


def test_references_come_out_of_the_ledger_one_record_at_a_time() -> None:
    ref = PayloadRef("file:///x", "ab" * 32, 5)
    ledger = LedgerOf().add(1).add(2, payload_ref=ref)
    check = PartitionCheck(partition=0, partitions=1)
    taken = []
    for body in ledger.bodies:
        assert list(check.feed(body)) == []
        taken.append(list(check.stored))
        check.stored.clear()
    assert taken[0] == []
    assert [(each.ref, each.correlation_id, each.sequence_no) for each in taken[1]] == [(ref, "run-1", 2)]

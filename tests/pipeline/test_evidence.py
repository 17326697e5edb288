"""Evidence on the real parts: the sequencer writes signed roots, files prove themselves without Kafka, and anchors find
what is missing from the live topic."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from chatsnapshot.evidence import partition_export
from chatsnapshot.evidence.anchor_file import append_anchor, read_anchor
from chatsnapshot.evidence.export import EvidenceExport, Exported
from chatsnapshot.evidence.live_check import LiveCheck
from chatsnapshot.evidence.manifest import PartitionFiles
from chatsnapshot.evidence.restarting import restart_roots
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.merkle import HeadTree
from chatsnapshot_schemas.roots import MerkleRoot, decode_root
from chatsnapshot_schemas.signing_key import SigningKey, public_key_pem
from tests.pipeline.sequencer_installation import FRAMING, Installation, chained_events, eventually, value_of

RUNS = [f"run-{number}" for number in range(40)]
EVENTS_EACH = 5
OFTEN = {"interval_s": 1.0, "records": 100_000}


@dataclass(frozen=True)
class Recorded:
    """An installation with roots over everything in it."""

    installation: Installation
    key: Path
    folder: Path
    anchor: Path

    def export(self, path: Path, **wanted: Any) -> Exported:
        return self.exporting(**wanted).write(path, replace=False)

    def exporting(self, **wanted: Any) -> EvidenceExport:
        return EvidenceExport(self.kafka, self.installation.topics, FRAMING, **wanted)

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(bootstrap_servers=self.installation.bootstrap)

    @property
    def public_key(self) -> Path:
        path = self.folder / "public.pem"
        path.write_text(public_key_pem(SigningKey.load(self.key).public))
        return path


def roots_of(installation: Installation) -> list[MerkleRoot]:
    return [decode_root(value_of(message)) for message in installation.records(installation.topics.roots)]


def newest_roots(installation: Installation) -> dict[int, MerkleRoot]:
    return {root.partition: root for root in roots_of(installation)}


def wait_for_roots(installation: Installation, records: int) -> None:
    """Until roots count so many records."""
    eventually(lambda: sum(root.records for root in newest_roots(installation).values()) == records or None)


@pytest.fixture(scope="module")
def recorded(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("evidence")
    key = folder / "signing_key.pem"
    SigningKey.make(key)
    installation = Installation(kafka_bootstrap, folder)
    installation.migrate()
    with installation.worker(roots={**OFTEN, "signing_key_file": str(key)}).running() as worker:
        for first, last in ((0, 2), (2, EVENTS_EACH)):
            installation.send(chained_events(RUNS, range(first, last)))
            wait_for_roots(installation, len(RUNS) * last)
        assert worker.stop() == 0
    anchor = folder / "anchor.jsonl"
    append_anchor(anchor, newest_roots(installation).values())
    return Recorded(installation, key, folder, anchor)


def check(path: Path, *options: str | Path) -> tuple[int, dict[str, Any]]:
    """`evidence check` as another machine runs it: nothing of ChatSnapshot in its environment, no network asked."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
    done = subprocess.run(
        [sys.executable, "-m", "chatsnapshot", "evidence", "check", str(path), *map(str, options), "--json"],
        env={**bare, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_roots_are_what_the_ledger_topic_gives(recorded: Recorded) -> None:
    installation = recorded.installation
    ledger = installation.records(installation.topics.ledger)
    roots = roots_of(installation)
    assert {root.partition for root in roots} == {0, 1}
    for root in roots:
        tree = HeadTree()
        for message in ledger:
            if message.partition() == root.partition and (message.offset() or 0) <= root.ledger_offset:
                plain = decode_ledger_plain(FRAMING.ledger_body(value_of(message)))
                tree.put(bytes(message.key() or b""), plain["sequence_no"], plain["hash"])
        assert (tree.root().hex(), tree.heads, tree.records) == (root.root, root.correlations, root.records)
        assert root.signature_holds()


@pytest.mark.parametrize("name", ["ledger", "ledger.zip"])
def test_a_whole_ledger_is_proven_offline(recorded: Recorded, tmp_path: Path, name: str) -> None:
    done = recorded.export(tmp_path / name)
    assert (done.records, done.runs) == (len(RUNS) * EVENTS_EACH, len(RUNS))
    code, report = check(tmp_path / name)
    assert (code, report["intact"], report["complete"], report["causes_resolved"]) == (0, True, True, True), report
    assert report["tail"] == "tail not proven"
    assert report["records_under_roots"] == report["records"] == done.records
    assert report["unsigned_roots"] == 0
    code, report = check(tmp_path / name, "--anchor", recorded.anchor, "--public-key", recorded.public_key)
    assert code == 0, report
    assert report["tail"].startswith("tail proven up to 20")
    assert [tail["records_after"] for tail in report["tails"]] == [0, 0]
    assert report["manifest_sha256"] == done.manifest_sha256
    assert [each.name for each in tmp_path.iterdir()] == [name], "nothing is left beside it"


def test_one_run_is_proven_without_telling_of_others(recorded: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "run"
    done = recorded.export(path, tenant="default", run="run-7", anchored=read_anchor(recorded.anchor))
    assert (done.records, done.runs) == (EVENTS_EACH, 1)
    code, report = check(path, "--anchor", recorded.anchor, "--public-key", recorded.public_key)
    assert (code, report["records_under_roots"]) == (0, EVENTS_EACH), report
    assert report["tail"].startswith("tail proven up to 20")
    everything = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert b"run-7" in everything
    assert not any(b"run-8" in line or b"run-39" in line for line in everything.splitlines())


def test_beside_some_runs_lie_the_newest_roots_only(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_export, "ROOTS_WITH_RUNS_MAX", 1)
    recorded.export(tmp_path / "all")
    recorded.export(tmp_path / "some", tenant="default")
    for partition in (0, 1):
        name = PartitionFiles(partition, 0, 0, 0, 0).roots_file
        *older, newest = (tmp_path / "all" / name).read_bytes().splitlines()
        assert older
        assert (tmp_path / "some" / name).read_bytes().splitlines() == [newest]
    assert check(tmp_path / "some")[0] == 0


def test_a_tenant_is_proven_run_by_run(recorded: Recorded, tmp_path: Path) -> None:
    done = recorded.export(tmp_path / "tenant.zip", tenant="default")
    assert done.runs == len(RUNS)
    code, report = check(tmp_path / "tenant.zip", "--anchor", recorded.anchor)
    assert (code, report["records_under_roots"]) == (0, done.records), report
    assert report["tail_proven_until"]


def test_records_after_the_last_root_are_told(recorded: Recorded, tmp_path: Path, kafka_bootstrap: str) -> None:
    """Nothing is claimed for what no root counts yet."""
    installation = recorded.installation
    with installation.worker(roots={"interval_s": 3600.0}).running() as worker:
        installation.send(chained_events(["later"], range(3)))
        installation.wait_for_ledger(len(RUNS) * EVENTS_EACH + 3)
        assert worker.stop() == 0
    recorded.export(tmp_path / "ledger")
    code, report = check(tmp_path / "ledger", "--anchor", recorded.anchor)
    assert code == 0, report
    assert report["records"] - report["records_under_roots"] == 3
    assert sum(tail["records_after"] for tail in report["tails"]) == 3


def live_findings(recorded: Recorded) -> list[Finding]:
    found: list[Finding] = []
    LiveCheck(recorded.kafka, recorded.installation.topics, FRAMING, read_anchor(recorded.anchor), found.append).run()
    return found


def test_the_live_topic_fits_the_anchor_until_its_roots_are_other_ones(recorded: Recorded, tmp_path: Path) -> None:
    assert live_findings(recorded) == []
    other = tmp_path / "other.jsonl"
    root = newest_roots(recorded.installation)[0]
    forged = replace(root, records=root.records - 1).signed_by(SigningKey.load(recorded.key))
    append_anchor(other, [forged])
    kinds = {finding.kind for finding in live_findings(replace(recorded, anchor=other))}
    assert kinds == {Kind.ANCHOR_DIFFERS, Kind.ANCHOR_SILENT}


def test_a_tail_that_was_cut_from_the_live_topic_is_found(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Ledger and roots made anew with less in them: only the anchor knows. The sequencer refuses to go on."""
    installation = Installation(kafka_bootstrap, tmp_path, partitions=1)
    installation.migrate()
    key = tmp_path / "key.pem"
    SigningKey.make(key)
    roots = {**OFTEN, "signing_key_file": str(key)}
    with installation.worker(roots=roots).running() as worker:
        installation.send(chained_events(["a", "b"], range(10)))
        wait_for_roots(installation, 20)
        worker.kill()
    anchor = tmp_path / "anchor.jsonl"
    append_anchor(anchor, newest_roots(installation).values())
    recorded = Recorded(installation, key, tmp_path, anchor)
    assert live_findings(recorded) == []

    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    end = newest_roots(installation)[0].ledger_offset
    place = TopicPartition(installation.topics.roots, 0, -1)
    admin.delete_records([place])[place].result()
    kinds = [finding.kind for finding in live_findings(recorded)]
    assert kinds == [Kind.TAIL_CUT], "a root that is missing"

    forged = forged_root(installation, ledger_offset=end + 1000, key=key)
    producer = Producer({"bootstrap.servers": kafka_bootstrap})
    producer.produce(installation.topics.roots, forged.value, partition=0)
    assert producer.flush(30) == 0
    refused = installation.worker("refused", roots=roots)
    with refused.running():
        assert refused.wait() == 1
    assert "the ledger lost its tail" in refused.said()
    assert "chatsnapshot evidence restart" in refused.said()
    eventually(lambda: restarted(recorded, tmp_path / "old.jsonl"))
    assert (tmp_path / "old.jsonl").read_bytes() == forged.value + b"\n"
    with installation.worker("again", roots=roots).running() as worker:
        wait_for_roots(installation, 20)
        assert worker.stop() == 0
    assert [root.number for root in roots_of(installation)] == [1]


def restarted(recorded: Recorded, keep: Path) -> bool | None:
    """Whether the roots are begun anew; refused while the group still knows the worker."""
    try:
        return restart_roots(recorded.kafka, recorded.installation.topics, keep) == 1
    except ConfigurationError:
        return None


def forged_root(installation: Installation, ledger_offset: int, key: Path) -> MerkleRoot:
    last = read_anchor(installation.folder / "anchor.jsonl")
    root = next(iter(last.values())).newest
    made = replace(root, number=root.number + 1, previous=root.digest, ledger_offset=ledger_offset)
    return made.signed_by(SigningKey.load(key))


def test_without_a_topic_for_roots_the_sequencer_goes_on(kafka_bootstrap: str, tmp_path: Path) -> None:
    installation = Installation(kafka_bootstrap, tmp_path, partitions=2)
    installation.migrate()
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    roots = installation.topics.roots
    admin.delete_topics([roots])[roots].result()
    eventually(lambda: True if roots not in admin.list_topics(timeout=10).topics else None)
    with installation.worker(roots=OFTEN).running() as worker:
        installation.send(chained_events(RUNS[:4], range(3)))
        installation.wait_for_ledger(12)
        assert worker.stop() == 0
    said = worker.said()
    assert said.count("no signed roots are written") == 1
    assert "chatsnapshot migrate" in said

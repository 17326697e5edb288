"""Every kind of damage that somebody could do to a ledger or its evidence, and what the check says of it."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatsnapshot.evidence.evidence_files import MANIFEST
from chatsnapshot.evidence.manifest import Manifest
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.signing_key import SigningKey
from tests.unit.evidence.made_ledger import MADE_AT, MINUTE, MadeLedger, checked, kinds, rewrite

RUNS, EACH = 5, 3


def ledger(key: SigningKey | None, text: str = "said") -> MadeLedger:
    """Two roots, and two records that no root counts yet."""
    made = MadeLedger(key, text=text)
    made.turns(RUNS, EACH).root()
    made.turns(RUNS, EACH).root()
    return made.turns(2, 1)


def test_what_is_right_is_said_to_be(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made = ledger(key)
    for name in ("folder", "archive.zip"):
        report = checked(made.write(tmp_path / name))
        assert (report.intact, report.complete, report.causes_resolved, report.exit_code) == (True, True, True, 0)
        assert report.tail == "tail not proven"
        assert (report.found.records, report.covered) == (len(made.frames), len(made.frames) - 2)
    report = checked(tmp_path / "folder", made.anchor(anchor), key.public)
    assert (report.exit_code, [tail.records_after for tail in report.tails]) == (0, [2])
    assert report.tail == "tail proven up to 1970-01-01T00:00:30+00:00"


def test_a_run_is_right_too(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made = ledger(key)
    report = checked(made.write(tmp_path / "run.zip", run="run-1"), made.anchor(anchor), key.public)
    assert (report.exit_code, kinds(report), report.covered) == (0, set(), 2 * EACH)
    assert report.proven_until is not None


@pytest.mark.parametrize("cut", [1, 3, 12, 32])
def test_a_cut_tail_is_found_by_the_roots(tmp_path: Path, key: SigningKey, cut: int) -> None:
    made = ledger(key)
    whole = len(made.frames)
    shorter = replay(made, made.frames[: whole - cut])
    report = checked(shorter.write(tmp_path / "e"))
    if cut <= 2:
        assert kinds(report) == set(), "no root counted these, and no anchor was given"
        assert report.tail == "tail not proven"
    else:
        assert "tail_cut" in kinds(report)
        assert report.exit_code == 2


def test_a_tail_that_was_cut_with_its_roots_is_found_by_the_anchor_alone(
    tmp_path: Path, key: SigningKey, anchor: Path
) -> None:
    made = ledger(key)
    made.anchor(anchor)
    shorter = replay(made, made.frames[: RUNS * EACH])
    shorter.roots = made.roots[:1]
    path = shorter.write(tmp_path / "e")
    assert (checked(path).exit_code, checked(path).tail) == (0, "tail not proven")
    report = checked(path, anchor)
    assert (report.exit_code, kinds(report)) == (2, {"tail_cut"})


@pytest.mark.parametrize("at", [0, 4, 17])
def test_a_deleted_record_is_found(tmp_path: Path, key: SigningKey, at: int) -> None:
    made = ledger(key)
    report = checked(replay(made, [*made.frames[:at], *made.frames[at + 1 :]]).write(tmp_path / "e"))
    assert report.exit_code == 2
    assert {"chain_broken", "not_dense"} <= kinds(report)


def test_a_run_that_was_deleted_whole_is_found(tmp_path: Path, key: SigningKey) -> None:
    """What remains is dense and chained: only the roots know."""
    made = ledger(key)
    rest = replay(made, [frame for frame in made.frames if frame.key != b"default/run-3"])
    report = checked(rest.write(tmp_path / "e"))
    assert (report.exit_code, kinds(report)) == (2, {"root_differs"})


def test_a_rewritten_chain_with_hashes_of_its_own_is_found(tmp_path: Path, key: SigningKey) -> None:
    """Every hash and number is right, and the roots are the true ones."""
    made, forged = ledger(key), ledger(key, text="never said")
    forged.roots = made.roots
    report = checked(forged.write(tmp_path / "e"))
    assert (report.exit_code, kinds(report)) == (2, {"root_differs"})


def test_a_rewritten_ledger_with_roots_of_its_own_is_found(
    tmp_path: Path, key: SigningKey, forger: SigningKey, anchor: Path
) -> None:
    """All of it is consistent; the key, or the anchor, tells."""
    made, forged = ledger(key), ledger(forger, text="never said")
    path = forged.write(tmp_path / "e")
    assert checked(path).exit_code == 0
    assert kinds(checked(path, None, key.public)) == {"signature_wrong"}
    assert "anchor_differs" in kinds(checked(path, made.anchor(anchor)))
    with_the_true_key = ledger(key, text="never said").write(tmp_path / "stolen")
    assert kinds(checked(with_the_true_key, None, key.public)) == set()
    report = checked(with_the_true_key, anchor, key.public)
    assert (report.exit_code, report.proven_until) == (2, None)
    assert "anchor_differs" in kinds(report)


def test_swapped_records_are_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    for first, second in ((0, RUNS), (0, 1)):
        frames = list(made.frames)
        a, b = frames[first], frames[second]
        frames[first], frames[second] = b._replace(offset=a.offset), a._replace(offset=b.offset)
        report = checked(replay(made, frames).write(tmp_path / f"e{second}"))
        if second == RUNS:
            assert {"chain_broken", "not_dense"} <= kinds(report), "of one run"
        else:
            assert kinds(report) == set(), "of two runs, between two roots: neither run is another one for it"


def test_a_record_moved_over_a_root_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    frames = list(made.frames)
    last, following = RUNS * EACH - 1, RUNS * EACH
    a, b = frames[last], frames[following]
    frames[last], frames[following] = b._replace(offset=a.offset), a._replace(offset=b.offset)
    assert kinds(checked(replay(made, frames).write(tmp_path / "e"))) == {"root_differs"}


def test_a_changed_byte_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    frames = list(made.frames)
    value = bytearray(frames[7].value)
    value[-20] ^= 1
    frames[7] = frames[7]._replace(value=bytes(value))
    assert "hash_mismatch" in kinds(checked(replay(made, frames).write(tmp_path / "e")))


def test_an_edited_root_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    made.roots[0] = replace(made.roots[0], records=made.roots[0].records - 1)
    found = kinds(checked(made.write(tmp_path / "e")))
    assert {"signature_wrong", "root_differs", "root_chain_broken"} <= found


def test_roots_that_were_taken_out_or_reordered_are_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key).root()
    first, second, third = made.roots
    for number, roots in enumerate(([second, third], [first, third], [second, first, third])):
        made.roots = roots
        report = checked(made.write(tmp_path / f"e{number}"))
        assert "root_chain_broken" in kinds(report)
        assert report.exit_code == 2


def test_a_line_that_is_no_root_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    name = made.manifest().partitions[0].roots_file
    for junk in (b"{}\n", b'{"format": 1}\n', b"\xff\xfe\n", b"[" * 5000 + b"\n", b"x" * 20_000 + b"\n"):
        rewrite(path, name, made.roots[0].value + b"\n" + junk)
        assert "root_chain_broken" in kinds(checked(path))


@pytest.mark.parametrize("name", ["partitions/0/records", "partitions/0/roots.jsonl", "partitions/0/heads.jsonl"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-7])])
def test_a_file_that_is_missing_or_cut_off_is_found(
    tmp_path: Path, key: SigningKey, name: str, damage: Callable[[Path], Any]
) -> None:
    path = ledger(key).write(tmp_path / "e")
    damage(path / name)
    report = checked(path)
    assert "file_changed" in kinds(report)
    assert report.exit_code == 2


def test_a_changed_manifest_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    manifest = Manifest.from_json((path / MANIFEST).read_bytes())
    part = manifest.partitions[0]
    for changed in (
        replace(manifest, partitions=(replace(part, records=part.records + 1),)),
        replace(manifest, partitions=(replace(part, runs=1),)),
        replace(manifest, partitions=(replace(part, end=3),)),
        replace(manifest, files={**manifest.files, "more": manifest.files[part.records_file]}),
        replace(manifest, files={name: each for name, each in manifest.files.items() if name != part.roots_file}),
        replace(manifest, files={**manifest.files, part.heads_file: manifest.files[part.records_file]}),
    ):
        (path / MANIFEST).write_bytes(changed.to_json())
        report = checked(path)
        assert kinds(report) == {"file_changed"}
        assert report.exit_code == 2


def test_a_changed_head_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    name = made.manifest().partitions[0].heads_file
    content = (path / name).read_bytes()
    for changed in (
        content.replace(b'"records":6', b'"records":5', 1),
        b"".join(content.splitlines(True)[1:]),
        b"no\n",
    ):
        rewrite(path, name, changed)
        assert "file_changed" in kinds(checked(path))


def test_an_archive_with_a_broken_entry_is_told_without_a_trace(tmp_path: Path, key: SigningKey) -> None:
    path = ledger(key).write(tmp_path / "e.zip")
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("partitions/0/records").header_offset
    content[at + 200 : at + 260] = bytes(60)
    path.write_bytes(bytes(content))
    assert "file_changed" in kinds(checked(path))


def test_what_is_no_evidence_is_refused(tmp_path: Path, key: SigningKey) -> None:
    path = ledger(key).write(tmp_path / "e")
    for content in (b"", b"{", b"[]", b'{"format": 9}', b'{"format": 1}'):
        (path / MANIFEST).write_bytes(content)
        with pytest.raises(ConfigurationError, match="manifest"):
            checked(path)
    (tmp_path / "file").write_text("text")
    for wrong in (tmp_path / "file", tmp_path / "nothing", tmp_path):
        with pytest.raises(ConfigurationError):
            checked(wrong)


def test_a_stale_anchor_proves_only_its_time(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made = ledger(key)
    report = checked(made.write(tmp_path / "e"), made.anchor(anchor, made.roots[0]))
    assert (report.exit_code, kinds(report)) == (0, set())
    assert report.tail == "tail proven up to 1970-01-01T00:00:15+00:00"
    assert [tail.records_after for tail in report.tails] == [RUNS * EACH + 2]


def test_an_anchor_newer_than_the_evidence_does_not_make_it_broken(
    tmp_path: Path, key: SigningKey, anchor: Path
) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    made.turns(RUNS, 1).root(made_at=MADE_AT + MINUTE)
    report = checked(path, made.anchor(anchor))
    assert (report.exit_code, kinds(report)) == (0, set())
    assert report.tail == "tail proven up to 1970-01-01T00:00:30+00:00"
    assert "newer than this evidence" in report.tails[0].note


def test_an_anchor_that_says_nothing_of_it_leaves_it_open(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    other = MadeLedger(key).turns(1, 1).root(cluster_id="another")
    report = checked(path, other.anchor(anchor))
    assert (report.exit_code, kinds(report), report.tail) == (3, {"anchor_silent"}, "tail not proven")


def test_an_anchor_with_two_histories_is_told(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made, forged = ledger(key), ledger(key, text="never said")
    made.anchor(anchor, made.roots[0], forged.roots[0])
    assert "anchor_differs" in kinds(checked(made.write(tmp_path / "e"), anchor))


def test_an_edited_anchor_is_told(tmp_path: Path, key: SigningKey, forger: SigningKey, anchor: Path) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    edited = replace(made.roots[1], records=7)
    assert "signature_wrong" in kinds(checked(path, made.anchor(anchor, edited)))
    foreign = made.roots[1].signed_by(forger)
    assert "signature_wrong" in kinds(checked(path, made.anchor(anchor, foreign), key.public))
    anchor.write_bytes(made.roots[0].value[:-30])
    with pytest.raises(ConfigurationError, match="line 1"):
        checked(path, anchor)


def test_unsigned_roots_are_said_to_be(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made = ledger(None)
    path = made.write(tmp_path / "e")
    assert (checked(path).exit_code, checked(path).unsigned) == (0, 2)
    report = checked(path, made.anchor(anchor))
    assert (report.exit_code, report.proven_until is not None) == (0, True), "the anchor's place is its proof"
    assert "signature_wrong" in kinds(checked(path, None, key.public))


def test_a_run_without_the_proof_that_its_root_counts_it(tmp_path: Path, key: SigningKey, anchor: Path) -> None:
    made = ledger(key)
    made.anchor(anchor)
    report = checked(made.write(tmp_path / "none", run="run-1", proofs=[]), anchor)
    assert (report.exit_code, kinds(report)) == (2, {"root_differs"})
    old = made.write(tmp_path / "old", run="run-1", proofs=[made.proof("run-1", made.roots[0])])
    report = checked(old, anchor)
    assert (report.exit_code, kinds(report)) == (2, {"root_differs"}), "an older proof does not stand for a newer one"


def test_a_runs_proof_must_lead_to_the_root(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    good = made.proof("run-1", made.roots[1])
    other = made.proof("run-2", made.roots[1])
    path = list(good.proof.path)
    path[3] = bytes(32)
    bad = [
        replace(good, proof=replace(good.proof, path=tuple(path))),
        replace(good, proof=other.proof),
        replace(good, head=replace(good.head, count=good.head.count - 1)),
        replace(good, head=replace(good.head, hash="00" * 32)),
        replace(good, proof=replace(good.proof, index=10**9)),
        replace(good, root=77),
    ]
    for number, proof in enumerate(bad):
        report = checked(made.write(tmp_path / f"e{number}", run="run-1", proofs=[proof]))
        assert report.exit_code == 2, proof
        assert "root_differs" in kinds(report)


def test_a_runs_cut_tail_is_found(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    shorter = replay(made, [frame for frame in made.frames if frame.key != b"default/run-1" or frame.offset < 20])
    proofs = [made.proof("run-1", root) for root in made.roots]
    assert "tail_cut" in kinds(checked(shorter.write(tmp_path / "e", run="run-1", proofs=proofs)))


def test_a_run_proven_only_in_a_newer_root_than_the_anchors_is_open(
    tmp_path: Path, key: SigningKey, anchor: Path
) -> None:
    made = ledger(key)
    made.anchor(anchor, made.roots[0])
    path = made.write(tmp_path / "e", run="run-1", proofs=[made.proof("run-1", made.roots[1])])
    report = checked(path, anchor)
    assert (report.exit_code, kinds(report), report.proven_until) == (3, {"anchor_silent"}, None)
    assert "--anchor" in report.tails[0].note


def test_the_verdicts_are_apart(tmp_path: Path, key: SigningKey) -> None:
    made = MadeLedger(key).record("a").record("a", source_seq=5).root()
    made.waiting = [{"kind": "held", "detail": "waits", "tenant_id": "default", "correlation_id": "a"}]
    report = checked(made.write(tmp_path / "held"))
    assert (report.intact, report.complete, report.causes_resolved, report.exit_code) == (True, False, True, 3)
    missing = "00000000-0000-4000-8000-000000000001"
    elsewhere = {"causation_id": missing, "causation_correlation_id": "b"}
    made = MadeLedger(key).record("a").record("a", **elsewhere).record("b").root()
    report = checked(made.write(tmp_path / "cause"))
    assert (report.intact, report.complete, report.causes_resolved, report.exit_code) == (True, True, False, 3)
    report = checked(made.write(tmp_path / "run", run="a"))
    assert (report.causes_resolved, report.causes_elsewhere, report.exit_code) == (True, 1, 0)


def test_a_damaged_evidence_is_not_replaced_by_half_a_new_one(tmp_path: Path, key: SigningKey) -> None:
    made = ledger(key)
    path = made.write(tmp_path / "e")
    before = sorted(each.name for each in tmp_path.iterdir())
    made.frames.append(made.frames[0]._replace(offset=-1))  # cannot be written
    with pytest.raises(Exception, match="too large"):
        made.write(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == before
    assert checked(path).exit_code == 0
    shutil.rmtree(path)


def replay(made: MadeLedger, frames: list[Any]) -> MadeLedger:
    """The same roots over other records; heads as those leave them."""
    other = MadeLedger(made.key, frames=list(frames), roots=list(made.roots))
    for key, count, head in other.tree():
        other.heads[key.decode().partition("/")[2]] = (count, head)
    return other

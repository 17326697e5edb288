"""Every lie a ledger can tell has a finding of its own."""

from chatsnapshot.verification.findings import Finding, Kind, Report
from tests.unit.verification.ledger_of import LedgerOf, event_id


def three() -> LedgerOf:
    return LedgerOf().add(1).add(2, causation_id=event_id(1)).add(3, causation_id=event_id(2))


def test_an_honest_run_has_no_findings() -> None:
    assert three().findings() == []


def test_a_changed_byte_breaks_the_hash_and_the_link() -> None:
    ledger = three()
    ledger.bodies[1] = ledger.bodies[1].replace(b'"user"', b'"evil"')
    assert ledger.kinds() == ["hash_mismatch"]


def test_a_rewritten_record_breaks_the_chain_behind_it() -> None:
    ledger = three()
    ledger.bodies[1] = LedgerOf().add(1).add(2, causation_id=event_id(1), payload='{"evil":1}').bodies[1]
    assert ledger.kinds() == ["chain_broken"]


def test_a_removed_record_is_missed() -> None:
    ledger = three()
    del ledger.bodies[1]
    assert ledger.kinds() == ["chain_broken", "not_dense", "cause_order"]


def test_a_repeated_record_is_found() -> None:
    ledger = three()
    ledger.bodies.append(ledger.bodies[2])
    assert ledger.kinds() == ["chain_broken", "not_dense", "event_repeated"]


def test_a_linked_cause_must_come_before() -> None:
    assert LedgerOf().add(1, causation_id=event_id(9)).kinds() == ["cause_order"]


def test_a_root_has_no_cause_and_others_have_one() -> None:
    assert LedgerOf().add(1, {"cause": "linked"}).kinds() == ["cause_order"]
    assert "cause_order" in LedgerOf().add(1, {"cause": "root"}, causation_id=event_id(1)).kinds()


def test_an_unresolved_cause_is_open_until_it_comes() -> None:
    waiting = LedgerOf().add(1, {"cause": "unresolved"}, causation_id=event_id(2))
    assert waiting.kinds() == ["unresolved_cause"]
    assert waiting.add(2).kinds() == []


def test_a_gap_is_open_until_the_late_event_comes() -> None:
    ledger = LedgerOf().add(1, source_seq=0).add(2, {"gap_before": 2}, source_seq=3)
    assert [finding.detail for finding in ledger.findings()] == ["2 event(s) of source i never came (source_seq 1..2)"]
    ledger.add(3, {"late": True}, source_seq=1)
    assert [finding.detail for finding in ledger.findings()] == ["1 event(s) of source i never came (source_seq 2)"]
    assert ledger.add(4, {"late": True}, source_seq=2).findings() == []


def test_a_number_used_by_a_refused_event_is_no_gap() -> None:
    assert LedgerOf().add(1, source_seq=0).add(2, source_seq=2).findings() == []


def test_a_run_in_the_wrong_partition_is_found() -> None:
    from chatsnapshot.verification.chain_check import PartitionCheck
    from chatsnapshot_schemas.partitioning import message_key, partition_of

    wrong = (partition_of(message_key("default", "run-1"), 8) + 1) % 8
    check = PartitionCheck(partition=wrong, partitions=8)
    assert [finding.kind for body in three().bodies for finding in check.feed(body)] == [Kind.WRONG_PARTITION]


def test_bytes_that_are_no_record_are_a_finding_not_a_crash() -> None:
    ledger = three()
    ledger.bodies.append(b"\x00\x01")
    assert ledger.kinds() == ["unreadable"]


def test_the_verdict_follows_from_the_kinds() -> None:
    report = Report()
    assert (report.verdict, report.exit_code) == ("intact and complete", 0)
    report.add(Finding(Kind.GAP, ""))
    assert (report.verdict, report.exit_code) == ("intact, but open", 3)
    report.add(Finding(Kind.CHAIN_BROKEN, ""))
    assert (report.verdict, report.exit_code) == ("broken", 2)

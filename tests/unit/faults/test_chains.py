"""(2), (3), (4) and (6): forged numbers, hashes, causes and histories are found."""

from tests.faults.oracle.seen import Raw, Seen
from tests.faults.oracle.violations import verdict
from tests.unit.faults.honest import changed, examined, forged, honest, sequenced, violated, whats
from tests.unit.processors.event_values import event, value_of

KEY = b"default/run"


def chained() -> Seen:
    """One run of three: the second caused by the first, the third with a cause that never comes."""
    plains = [event("a"), event("b", cause="a"), event("c", cause="never")]
    sent = [(KEY, value_of(plain), 1_000, ()) for plain in plains]
    return sequenced([*sent, (b"other", value_of(event("x", run="r2")), 90_000, ())])


def put(seen: Seen, at: int, record: Raw) -> Seen:
    seen.ledger[0][at] = record
    return seen


def test_a_skipped_number_is_found() -> None:
    seen = chained()
    assert "number 7 where 1 belongs" in whats(examined(put(seen, 0, forged(seen.ledger[0][0], sequence_no=7))), 2)[0]


def test_a_changed_byte_is_found() -> None:
    seen = chained()
    value = seen.ledger[0][1].value or b""
    put(seen, 1, changed(seen.ledger[0][1], value=value[:-2] + bytes([value[-2] ^ 1]) + value[-1:]))
    assert "its hash is not that of its bytes" in whats(examined(seen), 3)[0]


def test_a_chain_that_is_cut_is_found() -> None:
    seen = chained()
    put(seen, 1, forged(seen.ledger[0][1], prev_hash=bytes(32)))
    assert "does not follow" in whats(examined(seen), 3)[0]


def test_a_cause_that_is_not_before_is_found() -> None:
    seen = chained()
    put(seen, 2, forged(seen.ledger[0][2], cause="linked"))
    assert "is not before it" in whats(examined(seen), 4)[0]


def test_an_unresolved_cause_that_is_there_is_found() -> None:
    seen = chained()
    put(seen, 1, forged(seen.ledger[0][1], cause="unresolved"))
    assert "every cause is before it" in whats(examined(seen), 4)[0]


def test_a_root_that_has_a_cause_is_found() -> None:
    seen = chained()
    put(seen, 1, forged(seen.ledger[0][1], cause="root"))
    assert "root where linked is right" in whats(examined(seen), 4)[0]


def test_another_history_is_found() -> None:
    """Two runs written in another order: every chain holds, but the bytes are not those of a replay."""
    seen = honest(partitions=1)
    log = seen.ledger[0]
    at = next(at for at in range(len(log)) if log[at].key != log[at + 1].key)
    log[at], log[at + 1] = changed(log[at + 1], offset=at), changed(log[at], offset=at + 1)
    assert violated(seen) == {6}
    assert f"ledger record {at} " in whats(examined(seen), 6)[0]


def test_another_reason_of_a_refusal_is_found() -> None:
    seen = sequenced([(KEY, value_of(event("b", payload="[]")), 1_000, ())])
    refused = seen.quarantine[0][0]
    headers = tuple((name, b"misrouted" if name == "chatsnapshot-reason" else value) for name, value in refused.headers)
    seen.quarantine[0][0] = changed(refused, headers=headers)
    assert "quarantine record 0" in whats(examined(seen), 6)[0]


def test_a_partition_that_begins_later_is_not_done_again() -> None:
    seen = chained()
    seen.begins = {0: 1}
    del seen.events[0][0]
    assert not examined(seen)


def test_the_message_names_every_check_with_examples() -> None:
    seen = chained()
    put(seen, 1, forged(seen.ledger[0][1], prev_hash=bytes(32), cause="root"))
    text = verdict(examined(seen))
    assert "(3) every hash verifies from the first record: 2 violation(s)" in text
    assert "(4) every linked cause has a lower number: 1 violation(s)" in text
    assert "(6)" in text
    assert "(2)" not in text

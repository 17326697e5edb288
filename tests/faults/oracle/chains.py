"""(2), (3), (4): numbers, hashes and causes of each correlation, from the raw bytes, first record to last."""

from collections.abc import Iterator
from hashlib import sha256

from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.rules import Plain
from tests.faults.oracle.facts import Facts, Record, Whose
from tests.faults.oracle.violations import Violation


def chain_violations(facts: Facts) -> Iterator[Violation]:
    """All three, for every run."""
    for whose, records in facts.runs.items():
        if len({record.raw.partition for record in records}) > 1:
            yield Violation(2, f"{whose} is in several partitions")
        yield from _numbers(whose, records)
        yield from _hashes(whose, records)
        yield from _causes(whose, records)


def _numbers(whose: Whose, records: list[Record]) -> Iterator[Violation]:
    for expected, record in enumerate(records, start=1):
        if record.number != expected:
            yield Violation(2, f"{whose}: number {record.number} where {expected} belongs")
            return


def _hashes(whose: Whose, records: list[Record]) -> Iterator[Violation]:
    fingerprint = ledger_schema().fingerprint
    before = sha256(f"chatsnapshot/1\0{whose[0]}\0{whose[1]}".encode()).digest()
    for record in records:
        if sha256(fingerprint + record.body[32:]).digest() != record.body[:32]:
            yield Violation(3, f"{whose} #{record.number}: its hash is not that of its bytes")
        if record.body[32:64] != before:
            yield Violation(3, f"{whose} #{record.number}: does not follow the record before it")
        before = record.body[:32]


def _causes(whose: Whose, records: list[Record]) -> Iterator[Violation]:
    numbers: dict[str, int] = {}
    for record in records:
        said, envelope = record.plain["cause"], record.envelope
        missing = [cause for cause in local_causes(envelope) if cause not in numbers]
        if said != "unresolved" and missing:
            yield Violation(4, f"{whose} #{record.number}: {said}, but {missing[0]} is not before it")
        if said == "unresolved" and not missing:
            yield Violation(4, f"{whose} #{record.number}: unresolved, but every cause is before it")
        if said != "unresolved" and said != _kind(envelope):
            yield Violation(4, f"{whose} #{record.number}: {said} where {_kind(envelope)} is right")
        numbers.setdefault(envelope["event_id"], record.number)


def local_causes(envelope: Plain) -> list[str]:
    """Causes that live in the event's own correlation."""
    first = [] if _is_elsewhere(envelope) else [envelope["causation_id"]]
    return [cause for cause in (*first, *envelope["caused_by"]) if cause is not None]


def _kind(envelope: Plain) -> str:
    if envelope["causation_id"] is None:
        return "root"
    return "external" if _is_elsewhere(envelope) else "linked"


def _is_elsewhere(envelope: Plain) -> bool:
    return envelope["causation_correlation_id"] not in (None, envelope["correlation_id"])

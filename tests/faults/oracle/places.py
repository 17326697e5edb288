"""(1): every input ended in exactly one place, with its bytes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatsnapshot_schemas.rules import Plain
from tests.faults.oracle.facts import Facts, Input, Place, QuarantineEntry, fact_of, shown
from tests.faults.oracle.redrives import redrive_violations
from tests.faults.oracle.violations import Violation

WHOLE_BYTES_MAX, BEGINNING_BYTES = 16 * 1024 * 1024, 1024 * 1024
"""A refused input is kept whole up to the one, and its first bytes beyond."""


@dataclass
class Places:
    """Where each input ended: `recorded`, `quarantined`, `held`, `duplicate`; none or several where that is wrong."""

    of: dict[Place, list[str]] = field(default_factory=dict)

    def count(self, name: str) -> int:
        return sum(name in found for found in self.of.values())


def places_of(facts: Facts) -> Places:
    """Look every input of the topic up."""
    recorded = Counter(record.place for record in facts.records)
    refused = Counter(entry.place for entry in facts.quarantine if entry.reason)
    known = _known(facts)
    found = Places()
    for each in facts.inputs:
        here = ["recorded"] * recorded[each.place] + ["quarantined"] * refused[each.place]
        here += ["held"] * (each.place in facts.held)
        if not here and _is_duplicate(each, known):
            here.append("duplicate")
        found.of[each.place] = here
    return found


def place_violations(facts: Facts, places: Places) -> Iterator[Violation]:
    """Inputs in no place or in several, records without an input, changed bytes, lost acknowledgements."""
    for each in facts.inputs:
        here = places.of[each.place]
        if not here:
            yield Violation(1, f"{shown(each.place)} is nowhere: {_named(each)}", lost=1)
        elif len(here) > 1:
            yield Violation(1, f"{shown(each.place)} is {' and '.join(here)}: {_named(each)}", doubled=1)
    yield from _acknowledged(facts)
    yield from _made_up(facts)
    yield from _same_bytes(facts)
    yield from _once(facts)
    yield from redrive_violations(facts)
    yield from (Violation(1, f"cannot be read: {what}") for what in facts.unreadable)


Known = dict[tuple[str, str, str], list[tuple[Place, Plain]]]


def _known(facts: Facts) -> Known:
    """Where facts by (tenant, correlation, event id) became known: recorded, waiting, or refused after waiting."""
    known: Known = defaultdict(list)
    for record in facts.records:
        known[*record.whose, record.envelope["event_id"]].append((record.place, record.envelope))
    waited = {entry.place for entry in facts.quarantine if entry.reason == "cause_missing"} | facts.held.keys()
    for place in waited:
        each = facts.input_at.get(place)
        if each is not None and each.plain is not None:
            known[*each.whose, each.plain["event_id"]].append((place, each.plain))
    return known


def _is_duplicate(each: Input, known: Known) -> bool:
    if each.plain is None or not each.is_valid:
        return False
    epoch, partition, offset = each.place
    return any(
        place[1] == partition and (place[0], place[2]) < (epoch, offset) and fact_of(plain) == each.fact
        for place, plain in known.get((*each.whose, each.plain["event_id"]), ())
    )


def _acknowledged(facts: Facts) -> Iterator[Violation]:
    """What the broker acknowledged is in the topic with its bytes, unless the topic has let go of it."""
    raws = {(each.raw.partition, each.raw.offset): each.raw for each in facts.inputs}
    done = {place[1:] for place in (*(record.place for record in facts.records), *facts.held)}
    done |= {entry.place[1:] for entry in facts.quarantine}
    for sent in facts.seen.acknowledged:
        place = (sent.partition, sent.offset)
        raw = raws.get(place)
        if raw is None and sent.offset < facts.seen.begins.get(sent.partition, 0):
            if place not in done:
                yield Violation(1, f"acknowledged {sent.partition}@{sent.offset} was deleted unread", lost=1)
        elif raw is None:
            yield Violation(1, f"acknowledged {sent.partition}@{sent.offset} is not in the topic", lost=1)
        elif (raw.key, raw.value) != (sent.key, sent.value):
            yield Violation(1, f"acknowledged {sent.partition}@{sent.offset} has other bytes", lost=1)


def _made_up(facts: Facts) -> Iterator[Violation]:
    """Nothing is recorded or refused that was never an input."""
    outputs = [(record.place, "recorded") for record in facts.records]
    outputs += [(entry.place, "quarantined") for entry in facts.quarantine]
    outputs += [(place, "held") for place in facts.held]
    for place, name in outputs:
        epoch, partition, offset = place
        if epoch == facts.epoch and place not in facts.input_at and offset >= facts.seen.begins.get(partition, 0):
            yield Violation(1, f"{shown(place)} is {name}, but there is no such input", doubled=1)


def _same_bytes(facts: Facts) -> Iterator[Violation]:
    """What came is what was kept."""
    for record in facts.records:
        each = facts.input_at.get(record.place)
        if each is None:
            continue
        if not each.body or not record.body.endswith(each.body) or record.envelope != each.plain:
            yield Violation(1, f"{shown(record.place)} was recorded with another envelope", lost=1)
        if record.plain["recorded_at"] != each.raw.at_ms * 1000:
            yield Violation(1, f"{shown(record.place)}: recorded_at is not its append time")
    for entry in facts.quarantine:
        each = facts.input_at.get(entry.place)
        if each is not None and entry.reason and not _is_kept(entry, each):
            yield Violation(1, f"{shown(entry.place)} was quarantined with other bytes", lost=1)
    for place, held in facts.held.items():
        each = facts.input_at.get(place)
        if each is not None and (held.key, held.value) != (each.raw.key, each.raw.value):
            yield Violation(1, f"{shown(place)} waits with other bytes", lost=1)


def _is_kept(entry: QuarantineEntry, each: Input) -> bool:
    """Whole, or of one that no topic would take whole its beginning."""
    kept, came = entry.raw.value or b"", each.raw.value or b""
    if len(came) + len(each.raw.key or b"") > WHOLE_BYTES_MAX and entry.reason == "too_large":
        return len(kept) >= BEGINNING_BYTES and came.startswith(kept)
    return (entry.raw.key, entry.raw.value) == (each.raw.key, each.raw.value)


def _once(facts: Facts) -> Iterator[Violation]:
    """No event id twice in a correlation, no input twice in the ledger."""
    for whose, records in facts.runs.items():
        ids = Counter(record.envelope["event_id"] for record in records)
        for event_id, times in ids.items():
            if times > 1:
                yield Violation(1, f"event {event_id} is {times} times in {whose}", doubled=times - 1)


def _named(each: Input) -> str:
    if each.plain is None:
        return f"unreadable, {len(each.raw.value or b'')} bytes"
    return f"event {each.plain['event_id']} of {each.whose}, source_seq {each.plain['source_seq']}"

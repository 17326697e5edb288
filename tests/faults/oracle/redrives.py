"""(1), the way back: what was solved went somewhere, and what came back was solved.

A refused input counts as the input that was sent for it, and that one is looked for like any other. What the laboratory
itself sent with a redrive's header is no redrive.
"""

from collections import defaultdict
from collections.abc import Iterator

from chatsnapshot_schemas.quarantine_entries import Solution, SolvedMark, solved_mark
from tests.faults.oracle.facts import Facts, Input, Place, QuarantineEntry, fact_of, shown
from tests.faults.oracle.violations import Violation


def redrive_violations(facts: Facts) -> Iterator[Violation]:
    """Every mark against its refusal and what was sent, and every sent one against its mark."""
    refused = {entry.place for entry in facts.quarantine if entry.reason}
    marks: dict[Place, list[QuarantineEntry]] = defaultdict(list)
    for entry in facts.quarantine:
        if not entry.reason:
            marks[entry.place].append(entry)
    sent = _sent(facts)
    for place, entries in marks.items():
        if place not in refused:
            yield Violation(1, f"{shown(place)} was solved, but never refused")
        if len(entries) > 1:
            yield Violation(1, f"{shown(place)} was solved {len(entries)} times", doubled=1)
        for entry in entries:
            mark = solved_mark(entry.raw.headers, entry.raw.value)
            if mark is None:
                yield Violation(1, f"{shown(place)} was solved, but its mark does not say how")
            else:
                yield from _solved(facts, place, mark, sent.get(place, []))
    for place, inputs in sent.items():
        if place not in marks:
            yield Violation(1, f"{shown(inputs[0].place)} came back from {shown(place)}, which is not solved")


def _sent(facts: Facts) -> dict[Place, list[Input]]:
    """Inputs that the way back sent, by where they come from."""
    by_hand = {(each.partition, each.offset) for each in facts.seen.acknowledged}
    found: dict[Place, list[Input]] = defaultdict(list)
    for each in facts.inputs:
        if each.redriven is not None and (each.raw.partition, each.raw.offset) not in by_hand:
            parts = each.redriven.split("/")
            if len(parts) == 3 and all(part.isdecimal() for part in parts):
                epoch, partition, offset = map(int, parts)
                found[epoch, partition, offset].append(each)
    return found


def _solved(facts: Facts, place: Place, mark: SolvedMark, sent: list[Input]) -> Iterator[Violation]:
    is_sent = mark.solution is Solution.REDRIVEN
    if len(sent) != is_sent and not facts.seen.begins:
        number = len(sent)
        yield Violation(
            1,
            f"{shown(place)} is {mark.solution}, but {number} inputs were sent for it",
            lost=int(is_sent and not sent),
            doubled=max(0, number - 1),
        )
    for each in sent:
        if (mark.sent_partition, mark.sent_offset) != (each.raw.partition, each.raw.offset):
            yield Violation(1, f"{shown(place)}: its mark names another input than {shown(each.place)}")
        if each.plain is None or mark.sent_event_id != each.plain["event_id"]:
            yield Violation(1, f"{shown(place)}: what was sent for it is another event")
        original = facts.input_at.get(place)
        if not mark.edited and original is not None and original.raw.value != each.raw.value:
            yield Violation(1, f"{shown(place)} was sent again with other bytes, though not edited")
    if mark.solution is Solution.DISCARDED and not mark.because:
        yield Violation(1, f"{shown(place)} was discarded without a reason")
    if mark.solution is Solution.DUPLICATE and not _is_known(facts, place, mark):
        yield Violation(1, f"{shown(place)} was solved as a duplicate of nothing", lost=1)
    if not mark.by:
        yield Violation(1, f"{shown(place)} was solved by nobody")


def _is_known(facts: Facts, place: Place, mark: SolvedMark) -> bool:
    """Whether the ledger has the fact that the refused input was."""
    whose = (mark.identity.tenant_id, mark.identity.correlation_id)
    original = facts.input_at.get(place)
    return any(
        record.envelope["event_id"] == mark.identity.event_id
        and (original is None or original.plain is None or fact_of(record.envelope) == fact_of(original.plain))
        for record in facts.runs.get(whose, [])
    )

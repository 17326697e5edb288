"""Is the record complete? Reads reports, then stage after stage in the direction in which events move on.

In this order an event is seen at least once: what a producer reported as acknowledged before is in one of the places
that are looked at after it. So what is held is read before the wait for the sink: an event that is released meanwhile
is in the part of the ledger that is waited for.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from chatsnapshot.completeness.holes import Hole
from chatsnapshot.completeness.number_sets import of_numbers, of_ranges
from chatsnapshot.completeness.reconciliation import Known, Source, reconcile
from chatsnapshot.completeness.reported import RUNS_MAX, Reported, read_reports
from chatsnapshot.completeness.result import Completeness
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.completeness.stages import Behind, Stage, sequencer_stage, sink_stages, wait_for
from chatsnapshot.completeness.tables import QUARANTINED_MAX, NumberTables, RunCount
from chatsnapshot.completeness.unprojected import StateNumbers, TopicNumbers, state_numbers, unprojected_numbers
from chatsnapshot.reading.sources import Sources
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.state_entries import NumberRanges

WAIT_S = 10.0
"""How long the stages may take to do what was there when the look began."""
HOLED_MAX = 2_000
"""Sources with absent numbers that are looked at number by number; of more only the count is said."""
Told = Callable[[str], None]


@dataclass(slots=True)
class _Places:
    """Numbers by source, everywhere but in table `ledger`."""

    held: dict[Source, NumberRanges] = field(default_factory=dict)
    quarantined: dict[Source, NumberRanges] = field(default_factory=dict)
    used: dict[Source, NumberRanges] = field(default_factory=dict)
    in_topic: dict[Source, NumberRanges] = field(default_factory=dict)

    def known(self, source: Source, reported: Reported) -> Known:
        """All of it, of one source."""
        return Known(
            source,
            in_topic=self.in_topic.get(source, ()),
            held=self.held.get(source, ()),
            quarantined=self.quarantined.get(source, ()),
            used=self.used.get(source, ()),
            report=reported.of(source),
        )

    def sources(self) -> set[Source]:
        """Those that have a number anywhere."""
        return self.held.keys() | self.quarantined.keys() | self.used.keys() | self.in_topic.keys()


def examine(sources: Sources, scope: Scope, *, wait_s: float = WAIT_S, told: Told = lambda _text: None) -> Completeness:
    """Look at every source in the scope. Raises BrokerUnavailable, ClickHouseUnavailable, AccessRefused, QueryFailed,
    TopicMismatch. `told`: hears what is being done."""
    began = time.monotonic()
    found = Completeness()
    told("completeness: reading what producers reported")
    reported = read_reports(sources.kafka, sources.topics.sources, scope)
    told("completeness: waiting until sequencer and sink have done what is there")
    kafka, names, deadline = sources.kafka, sources.topics, began + wait_s
    _wait(kafka, sequencer_stage(names), deadline, found)
    state = state_numbers(kafka, names.state, sources.framing, scope)
    of_ledger, of_quarantine = sink_stages(names)
    behind = _wait(kafka, of_ledger, deadline, found)
    _wait(kafka, of_quarantine, deadline, found)
    tables = NumberTables(sources.client, sources.clickhouse.database)
    told("completeness: reading what waits")
    places = _places(sources, scope, tables, state, behind, found)
    told("completeness: comparing with table ledger")
    for known in _everything(tables, scope, places, reported):
        source = known.source
        found.add(reconcile(known), reported.instances.get((source.tenant_id, source.instance)))
    if not scope.instance:
        found.unnumbered_records, found.unnumbered_quarantined = tables.without_numbers(scope)
    _say_limits(found, reported)
    found.seconds = time.monotonic() - began
    return found


def _wait(kafka: KafkaConnection, stage: Stage, deadline: float, found: Completeness) -> Behind | None:
    """Until the stage has done what is in its topic now; what it has not done by then is returned."""
    behind = wait_for(kafka, stage, deadline)
    if behind is not None:
        found.behind.append(f"{stage.does} the last {behind.left:,} of topic {stage.topic}")
    return behind


def _places(
    sources: Sources,
    scope: Scope,
    tables: NumberTables,
    state: StateNumbers,
    behind: Behind | None,
    found: Completeness,
) -> _Places:
    found.unnumbered_held = state.held_unnumbered
    waiting: dict[Source, list[int]] = {}
    solved: dict[Source, list[int]] = {}
    for each in tables.quarantined(scope):
        (waiting if each.waits else solved).setdefault(each.source, []).append(each.number)
    if sum(map(len, (*waiting.values(), *solved.values()))) == QUARANTINED_MAX:
        found.notes.append(f"only the latest {QUARANTINED_MAX:,} numbers in quarantine were looked at: use --run")
    in_topic = (
        unprojected_numbers(sources.kafka, behind, sources.framing, scope) if behind is not None else TopicNumbers()
    )
    if in_topic.unread:
        found.notes.append(f"{in_topic.unread:,} records beyond the tables were not read: ask again later")
    used = dict(state.used)
    for source, numbers in solved.items():
        used[source] = of_ranges((*used.get(source, ()), *of_numbers(numbers)))
    quarantined = {source: of_numbers(numbers) for source, numbers in waiting.items()}
    return _Places(state.held, quarantined, used, in_topic.numbers)


def _everything(tables: NumberTables, scope: Scope, places: _Places, reported: Reported) -> Iterator[Known]:
    """Every source once: those in the table as they come, then those that are only elsewhere."""
    others = places.sources() | set(reported.sources())
    holed: dict[Source, RunCount] = {}
    for count in tables.counts(scope):
        others.discard(count.source)
        known = _with_count(places.known(count.source, reported), count)
        if count.numbers == count.end:
            yield known
        elif len(holed) < HOLED_MAX:
            holed[count.source] = count
        else:
            yield replace(known, holes=(Hole(0, count.end - 1, count.end - count.numbers),))
    for count, holes in tables.holes(list(holed)):
        del holed[count.source]
        yield replace(_with_count(places.known(count.source, reported), count), holes=holes)
    for source, count in holed.items():  # its rows went since: somebody fills the table anew
        yield replace(_with_count(places.known(source, reported), count), holes=(Hole(0, count.end - 1, count.end),))
    for source in others:
        yield places.known(source, reported)


def _with_count(known: Known, count: RunCount) -> Known:
    return replace(known, records=count.records, numbers=count.numbers, end=count.end)


def _say_limits(found: Completeness, reported: Reported) -> None:
    if not reported.is_there:
        found.remarks.append("there is no topic of reports: `chatsnapshot migrate` makes it, then ends are checked too")
    if reported.left_out:
        found.notes.append(
            f"the reports of {reported.left_out:,} runs were left out, {RUNS_MAX:,} are kept: narrow it by --instance"
        )
    if reported.unreadable:
        found.remarks.append(f"{reported.unreadable:,} reports cannot be read: they are of another version")
    if found.unreported_runs:
        found.remarks.append(
            f"the ends of {found.unreported_runs:,} runs are not proven: their producers do not report"
        )
    if found.unnumbered_records:
        found.remarks.append(f"{found.unnumbered_records:,} records have no source number: nothing can be said of gaps")

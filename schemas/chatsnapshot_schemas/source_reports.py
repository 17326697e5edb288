"""What producers report of themselves: keys and values of topic `sources`, both JSON, version 1.

    ["<tenant>","<instance>"]                              who counts (InstanceReport)
    ["<tenant>","<instance>","<correlation>"]              how far it counted in one run (RunReport)
    ["<tenant>","<instance>","<correlation>","<sender>"]   the same by the one that adopted its spool: `sender`

A run is reported when it has changed, so a record is some hundred bytes and an instance with many runs never makes a
large one. The reports of several senders about one run are merged, so that it does not matter who reported last.
Growth: one record per instance and run and one per instance after compaction, none for longer than
`topics.SOURCES_RETENTION_MS` after it was last written. Members that a reader does not know are passed over.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.rules import check_sender
from chatsnapshot_schemas.state_entries import NumberRanges

VERSION = 1
RANGES_MAX = 32
"""Of lost numbers in one report; more are joined over the numbers between them, `count` stays exact."""
REPORT_BYTES_MAX = 8 * 1024
"""Of one report: the longest ids, and RANGES_MAX ranges of the largest numbers, stay below it."""
_NUMBER_MAX = 2**63 - 1
_ORIGIN, _RUNTIME = "system", "none"


@dataclass(frozen=True, slots=True)
class LostNumbers:
    """Numbers that were given out and never sent: how many, and in which ranges they lie."""

    count: int = 0
    ranges: NumberRanges = ()

    def adding(self, number: int) -> "LostNumbers":
        """These and a number above them."""
        *rest, last = self.ranges or ((number, number),)
        more = [(last[0], max(last[1], number))] if number <= last[1] + 1 else [last, (number, number)]
        ranges = [*rest, *more]
        return LostNumbers(self.count + 1, _joined(ranges))

    def below(self, number: int) -> int:
        """How many of them are below a number, at most."""
        covered = sum(max(0, min(last + 1, number) - first) for first, last in self.ranges)
        return min(self.count, covered)


NONE_LOST = LostNumbers()


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """Who counts, and where a person finds its spool. Times in microseconds since 1970, by the producer's clock."""

    KIND: ClassVar[str] = "instance"

    tenant_id: str
    instance: str
    service: str
    host: str
    pid: int
    spool: str
    """Name of its folder in the spool folder; empty before the first event."""
    started_at: int
    updated_at: int
    closed: bool = False
    """It ended in order; this is its last report."""

    @property
    def key(self) -> bytes:
        """Key in the topic."""
        return _key(self.tenant_id, self.instance)


@dataclass(frozen=True, slots=True)
class RunReport:
    """How far one instance counted in one run, and what became of the numbers as far as their producer knows."""

    KIND: ClassVar[str] = "run"

    tenant_id: str
    instance: str
    correlation_id: str
    numbered: int
    """The next number: so many were given out."""
    settled: int
    """Each number below it is acknowledged, refused or dropped; the others wait in the spool."""
    updated_at: int
    dropped: LostNumbers = NONE_LOST
    """Found the spool full."""
    refused: LostNumbers = NONE_LOST
    """The destination will never take them; they are in the folder `rejected`."""
    sender: str = ""
    """The instance that adopted the spool and says this; empty: the instance itself."""

    @property
    def key(self) -> bytes:
        """Key in the topic."""
        ids = (self.tenant_id, self.instance, self.correlation_id)
        return _key(*ids, self.sender) if self.sender else _key(*ids)

    @property
    def acknowledged(self) -> int:
        """How many events the destination holds for good."""
        return max(0, self.settled - self.dropped.below(self.settled) - self.refused.below(self.settled))


SourceReport = InstanceReport | RunReport


def encode_report(report: SourceReport) -> bytes:
    """Value in the topic, and form in a request."""
    return json.dumps({"version": VERSION, "kind": report.KIND, **asdict(report)}, ensure_ascii=False).encode()


def decode_report(value: bytes | str) -> SourceReport:
    """A report from its value. Raises InvalidEvent, for one of a later version too."""
    try:
        plain = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("report", f"not JSON: {error}") from None
    if not isinstance(plain, dict) or plain.pop("version", None) != VERSION:
        raise InvalidEvent("version", f"an object with version {VERSION} is needed")
    kind = plain.pop("kind", None)
    if kind == InstanceReport.KIND:
        return _instance_report(plain)
    if kind == RunReport.KIND:
        return _run_report(plain)
    raise InvalidEvent("kind", f"{InstanceReport.KIND} or {RunReport.KIND}, not {str(kind)[:40]!r}")


def merged(report: RunReport, other: RunReport) -> RunReport:
    """What the reports of two senders about the same instance and run say together: figures only ever grow, and what
    one of them lost the other never had."""
    return replace(
        report,
        numbered=max(report.numbered, other.numbered),
        settled=max(report.settled, other.settled),
        updated_at=max(report.updated_at, other.updated_at),
        dropped=_together(report.dropped, other.dropped),
        refused=_together(report.refused, other.refused),
        sender="",
    )


def _together(lost: LostNumbers, others: LostNumbers) -> LostNumbers:
    ranges: list[tuple[int, int]] = []
    for first, last in sorted(lost.ranges + others.ranges):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
        else:
            ranges.append((first, last))
    covered = sum(last - first + 1 for first, last in ranges)
    return LostNumbers(min(lost.count + others.count, covered), _joined(ranges))


def _key(*ids: str) -> bytes:
    return json.dumps(ids, ensure_ascii=False, separators=(",", ":")).encode()


def _joined(ranges: list[tuple[int, int]]) -> NumberRanges:
    """At most RANGES_MAX of them: the two that lie closest become one."""
    while len(ranges) > RANGES_MAX:
        at = min(range(len(ranges) - 1), key=lambda each: ranges[each + 1][0] - ranges[each][1])
        ranges[at : at + 2] = [(ranges[at][0], ranges[at + 1][1])]
    return tuple(ranges)


def _instance_report(plain: dict[str, Any]) -> InstanceReport:
    texts: dict[str, Any] = _texts(plain, "tenant_id", "instance", "service", "host", "spool")
    numbers: dict[str, Any] = _numbers(plain, "pid", "started_at", "updated_at")
    closed = plain.pop("closed", False)
    if not isinstance(closed, bool):
        raise InvalidEvent("closed", "true or false is needed")
    check_sender(texts["tenant_id"], "-", _ORIGIN, _RUNTIME, texts["service"], texts["instance"], None)
    for name in ("host", "spool"):
        check_sender(texts["tenant_id"], texts[name] or "-", _ORIGIN, _RUNTIME, "-", None, None)
    return InstanceReport(**texts, **numbers, closed=closed)


def _run_report(plain: dict[str, Any]) -> RunReport:
    texts: dict[str, Any] = _texts(plain, "tenant_id", "instance", "correlation_id", "sender")
    numbers: dict[str, Any] = _numbers(plain, "numbered", "settled", "updated_at")
    lost: dict[str, Any] = {
        name: _lost(name, plain.pop(name, None), numbers["numbered"]) for name in ("dropped", "refused")
    }
    if numbers["settled"] > numbers["numbered"]:
        raise InvalidEvent("settled", "at most `numbered`")
    tenant, correlation = texts["tenant_id"], texts["correlation_id"]
    check_sender(tenant, correlation, _ORIGIN, _RUNTIME, "-", texts["instance"], texts["sender"] or None)
    return RunReport(**texts, **numbers, **lost)


def _texts(plain: dict[str, Any], *names: str) -> dict[str, str]:
    found = {name: plain.pop(name, "" if name in ("sender", "spool") else None) for name in names}
    for name, value in found.items():
        if not isinstance(value, str):
            raise InvalidEvent(name, f"text is needed, not {type(value).__name__}")
    return found


def _numbers(plain: dict[str, Any], *names: str) -> dict[str, int]:
    return {name: _number(name, plain.pop(name, None)) for name in names}


def _number(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _NUMBER_MAX:
        raise InvalidEvent(name, f"a whole number from 0 to {_NUMBER_MAX} is needed")
    return value


def _lost(name: str, plain: Any, numbered: int) -> LostNumbers:
    if plain is None:
        return NONE_LOST
    if not isinstance(plain, dict) or plain.keys() != {each.name for each in fields(LostNumbers)}:
        raise InvalidEvent(name, "an object with count and ranges is needed")
    ranges: list[tuple[int, int]] = []
    below = -1
    for pair in plain["ranges"] if isinstance(plain["ranges"], list) else [None]:
        if not isinstance(pair, list) or len(pair) != 2 or len(ranges) == RANGES_MAX:
            raise InvalidEvent(f"{name}.ranges", f"at most {RANGES_MAX} pairs of numbers are needed")
        first, last = _number(name, pair[0]), _number(name, pair[1])
        if not below < first <= last < numbered:
            raise InvalidEvent(f"{name}.ranges", "ascending, and below `numbered`")
        ranges.append((first, last))
        below = last
    return LostNumbers(_number(f"{name}.count", plain["count"]), tuple(ranges))

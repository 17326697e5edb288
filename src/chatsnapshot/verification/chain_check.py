"""One run's records, checked in ledger order from their raw bytes: hashes, numbers, causes, gaps. Pure."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.input_places import InputPlaces
from chatsnapshot.verification.row_digest import row_digest
from chatsnapshot.verification.source_gaps import SourceGaps
from chatsnapshot_schemas.chain import HASH_BYTES, genesis_hash, is_intact
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.rules import Plain, check_content, check_identity, check_sender

SENDERS_CACHED_MAX = 16_384
"""Valid combinations of tenant, correlation and source that are remembered: they come again with most events."""
_check_sender = lru_cache(maxsize=SENDERS_CACHED_MAX)(check_sender)


@dataclass(frozen=True, slots=True)
class ExternalCause:
    """A cause in another run, to be looked up there."""

    sequence_no: int
    event_id: str
    causation_id: str
    causation_correlation_id: str


@dataclass(slots=True)
class RunCheck:
    """State of one run's verification. `feed` every record, then ask `finish`."""

    tenant_id: str
    correlation_id: str
    sequence_no: int = 0
    head: bytes = b""
    hashes: list[bytes] = field(default_factory=list)
    """Hash by sequence number - 1: what the tables must show."""
    contents: "array[int]" = field(default_factory=lambda: array("Q"))
    """Digest of all other fields, likewise."""
    facts: dict[str, int] = field(default_factory=dict)
    """By event id, a number over what makes it the same fact."""
    externals: list[ExternalCause] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)
    _unresolved: list[Plain] = field(default_factory=list)
    _gaps: SourceGaps = field(default_factory=SourceGaps)

    def __post_init__(self) -> None:
        self.head = genesis_hash(self.tenant_id, self.correlation_id)

    def feed(self, body: bytes, plain: Plain) -> Iterator[Finding]:
        """Findings of one record; the check goes on from what the record says of itself."""
        if not is_intact(body):
            yield self._finding(Kind.HASH_MISMATCH, plain, "the bytes are not those that were hashed")
        if plain["prev_hash"] != self.head:
            yield self._finding(Kind.CHAIN_BROKEN, plain, "does not follow the record before it")
        if plain["sequence_no"] != self.sequence_no + 1:
            yield self._finding(Kind.NOT_DENSE, plain, f"number {self.sequence_no + 1} was expected")
        yield from self._envelope(plain)
        yield from self._causes(plain)
        envelope = plain["envelope"]
        self._gaps.feed(envelope["source"]["instance"], envelope["source_seq"], plain["gap_before"])
        self._seen.setdefault(envelope["event_id"], plain["sequence_no"])
        self.sequence_no, self.head = plain["sequence_no"], body[:HASH_BYTES]
        self.hashes.append(self.head)
        self.contents.append(row_digest(plain))
        self.facts.setdefault(envelope["event_id"], fact_number(envelope))

    def finish(self) -> Iterator[Finding]:
        """Findings that only the whole run can tell: open gaps, and causes that never came."""
        for gap in self._gaps.open():
            numbers = f"{gap.first}" if gap.first == gap.last else f"{gap.first}..{gap.last}"
            yield Finding(
                Kind.GAP,
                f"{gap.missing} event(s) of source {gap.instance} never came (source_seq {numbers})",
                self.tenant_id,
                self.correlation_id,
            )
        for plain in self._unresolved:
            if missing := [cause for cause in local_causes(plain["envelope"]) if cause not in self._seen]:
                yield self._finding(Kind.UNRESOLVED_CAUSE, plain, f"cause {', '.join(missing)} is not recorded")

    def _envelope(self, plain: Plain) -> Iterator[Finding]:
        envelope = plain["envelope"]
        try:
            check_identity(envelope, _check_sender)
            check_content(envelope)
        except InvalidEvent as error:
            yield self._finding(Kind.UNREADABLE, plain, f"the envelope breaks a rule: {error}")
        if (before := self._seen.get(envelope["event_id"])) is not None:
            yield self._finding(Kind.EVENT_REPEATED, plain, f"the same event is number {before} already")

    def _causes(self, plain: Plain) -> Iterator[Finding]:
        envelope, cause = plain["envelope"], plain["cause"]
        if cause == "unresolved":
            self._unresolved.append(plain)
        elif missing := [each for each in local_causes(envelope) if each not in self._seen]:
            yield self._finding(
                Kind.CAUSE_ORDER, plain, f"recorded as {cause}, but {', '.join(missing)} is not before it"
            )
        if (cause == "root") != (envelope["causation_id"] is None):
            yield self._finding(Kind.CAUSE_ORDER, plain, f"recorded as {cause}, causation_id says otherwise")
        elsewhere = envelope["causation_correlation_id"]
        if elsewhere is not None and elsewhere != self.correlation_id:
            self.externals.append(
                ExternalCause(plain["sequence_no"], envelope["event_id"], envelope["causation_id"], elsewhere)
            )

    def _finding(self, kind: Kind, plain: Plain, detail: str) -> Finding:
        return Finding(
            kind, detail, self.tenant_id, self.correlation_id, plain["sequence_no"], plain["envelope"]["event_id"]
        )


def fact_number(envelope: Plain) -> int:
    """Equal for the same fact, and within one process only."""
    ref = envelope["payload_ref"]
    told = (envelope["event_type"], envelope["causation_id"], envelope["subject_id"], envelope["payload"])
    return hash((*told, ref["sha256"] if ref else None))


def local_causes(envelope: Plain) -> list[str]:
    """The causes that live in the event's own correlation."""
    elsewhere = envelope["causation_correlation_id"]
    own = envelope["causation_id"] if elsewhere in (None, envelope["correlation_id"]) else None
    return [own, *envelope["caused_by"]] if own is not None else list(envelope["caused_by"])


@dataclass(frozen=True, slots=True)
class StoredPayload:
    """A payload that lies in blob storage, and the event it belongs to."""

    ref: PayloadRef
    tenant_id: str
    correlation_id: str
    sequence_no: int
    event_id: str


@dataclass(slots=True)
class PartitionCheck:
    """Every run of one ledger partition, or one of them."""

    partition: int
    partitions: int
    only: tuple[str, str] | None = None
    """(tenant_id, correlation_id) of the one run to look at."""
    inputs: InputPlaces | None = None
    """Where to note which input each record is from."""
    runs: dict[tuple[str, str], RunCheck] = field(default_factory=dict)
    stored: list[StoredPayload] = field(default_factory=list)
    """Payloads in blob storage, still to be looked at: the caller takes them out after each record."""

    def feed(self, body: bytes) -> Iterator[Finding]:
        """Findings of one record of the partition."""
        try:
            plain = decode_ledger_plain(body)
        except CorruptLedger as error:
            yield Finding(Kind.UNREADABLE, f"partition {self.partition}: {error}")
            return
        envelope = plain["envelope"]
        whose = (envelope["tenant_id"], envelope["correlation_id"])
        if self.only is not None and whose != self.only:
            return
        run = self.runs.get(whose)
        if run is None:
            run = self.runs[whose] = RunCheck(*whose)
            if (right := partition_of(message_key(*whose), self.partitions)) != self.partition:
                yield Finding(Kind.WRONG_PARTITION, f"in partition {self.partition}, belongs to {right}", *whose)
        yield from run.feed(body, plain)
        if self.inputs is not None:
            self.inputs.note_recorded(body, plain)
        if envelope["payload_ref"] is not None:
            ref = PayloadRef(**envelope["payload_ref"])
            self.stored.append(StoredPayload(ref, *whose, plain["sequence_no"], envelope["event_id"]))

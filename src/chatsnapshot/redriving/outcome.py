"""What became of one quarantine record that was to be solved."""

from dataclasses import dataclass
from typing import Any

from chatsnapshot_processors.redrive.plan import NewInput
from chatsnapshot_processors.redrive.solving import Solving
from chatsnapshot_schemas.errors import ChatSnapshotError
from chatsnapshot_schemas.quarantine_entries import InputPlace, QuarantinedInput, Solution, SolvedMark

REFUSED = "refused"
NOT_SENT = -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result`: redriven, duplicate, discarded or refused; `error` says why it was refused. -1: nothing was sent."""

    place: InputPlace
    result: str
    reason: str = ""
    tenant_id: str = ""
    correlation_id: str = ""
    event_id: str = ""
    edited: tuple[str, ...] = ()
    sent_partition: int = NOT_SENT
    sent_offset: int = NOT_SENT
    fact_event_id: str = ""
    error: ChatSnapshotError | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the record waits as before."""
        return self.error is not None

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the API."""
        said: dict[str, Any] = {"id": str(self.place), "result": self.result, "reason": self.reason}
        if self.error is not None:
            return said | {"error": {"code": self.error.code, "message": str(self.error)}}
        sent = {"partition": self.sent_partition, "offset": self.sent_offset} if self.sent_offset >= 0 else None
        ids = {name: getattr(self, name) for name in ("tenant_id", "correlation_id", "event_id", "fact_event_id")}
        return said | ids | {"edited": list(self.edited), "sent": sent}


def refused(place: InputPlace, error: ChatSnapshotError, reason: str = "") -> Outcome:
    """Nothing was changed."""
    return Outcome(place, REFUSED, reason, error=error)


def written(solving: Solving, mark: SolvedMark) -> Outcome:
    """It is committed."""
    return _outcome(solving, mark.sent_partition, mark.sent_offset, mark.fact_event_id)


def intended(solving: Solving) -> Outcome:
    """What would be written; the offset is not known before."""
    sends = solving.sends
    return _outcome(solving, NOT_SENT if sends is None else sends.partition, NOT_SENT, "")


def seen_again(place: InputPlace, mark: SolvedMark) -> Outcome:
    """Our own commit, whose answer was lost."""
    known = mark.identity
    return Outcome(
        place,
        str(mark.solution),
        mark.reason,
        tenant_id=known.tenant_id,
        correlation_id=known.correlation_id,
        event_id=mark.sent_event_id or known.event_id,
        edited=mark.edited,
        sent_partition=mark.sent_partition,
        sent_offset=mark.sent_offset,
        fact_event_id=mark.fact_event_id,
    )


def _outcome(solving: Solving, partition: int, offset: int, fact_event_id: str) -> Outcome:
    found: QuarantinedInput = solving.found
    new: NewInput | None = solving.new
    known = solving.identity
    whose = (known.tenant_id, known.correlation_id, known.event_id) if new is None else new.fact_id
    edited = new.edited if new is not None and solving.solution is Solution.REDRIVEN else ()
    return Outcome(found.place, str(solving.solution), found.reason, *whose, edited, partition, offset, fact_event_id)

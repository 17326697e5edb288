"""Causes: what a person passes as `cause`, what a `caused_by` block sets, and the envelope fields that follow.

INHERIT is a context variable, so threads and asyncio tasks never see each other's causes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.ledger_record import LedgerRecord


class Inherit(Enum):
    """The type of INHERIT."""

    INHERIT = "inherit"

    def __repr__(self) -> str:
        return self.name


INHERIT = Inherit.INHERIT
"""The cause of the enclosing `caused_by` or `lifecycle` block, else none."""


class Cause(NamedTuple):
    """An event and the correlation it belongs to; None: the correlation of the event that names it."""

    event_id: str
    correlation_id: str | None = None


CauseLike = EventEnvelope | LedgerRecord | Cause | UUID | str
CauseArgument = CauseLike | Iterable[CauseLike] | Inherit | None


class CausationFields(NamedTuple):
    """The three envelope fields."""

    causation_id: str | None = None
    causation_correlation_id: str | None = None
    caused_by: tuple[str, ...] = ()


ROOT = CausationFields()
_enclosing: ContextVar[tuple[Cause, ...]] = ContextVar("chatsnapshot_causes", default=())


def causes_of(argument: CauseArgument) -> tuple[Cause, ...]:
    """What was passed, as causes without repetition, in order. Raises InvalidEvent."""
    if argument is None:
        return ()
    if isinstance(argument, Inherit):
        return _enclosing.get()
    if isinstance(argument, CauseLike):
        return (_cause(argument),)
    if isinstance(argument, Iterable):
        return tuple(dict.fromkeys(_cause(item) for item in argument))
    raise _not_a_cause(argument)


def causation_fields(argument: CauseArgument, correlation_id: str) -> CausationFields:
    """The envelope fields of an event of `correlation_id`. Raises InvalidEvent: one cause at most of another run."""
    causes = causes_of(argument)
    if not causes:
        return ROOT
    local = [cause.event_id for cause in causes if cause.correlation_id in (None, correlation_id)]
    foreign = [cause for cause in causes if cause.correlation_id not in (None, correlation_id)]
    if len(foreign) > 1:
        raise InvalidEvent("cause", f"at most one event of another run, not {len(foreign)}")
    if foreign:
        return CausationFields(foreign[0].event_id, foreign[0].correlation_id, tuple(local))
    return CausationFields(local[0], None, tuple(local[1:]))


@contextmanager
def enclosing_cause(argument: CauseArgument, correlation_id: str | None) -> Iterator[None]:
    """Let INHERIT mean these causes inside the block; bare ids are events of `correlation_id`."""
    bound = tuple(Cause(cause.event_id, cause.correlation_id or correlation_id) for cause in causes_of(argument))
    before = _enclosing.get()
    token = _enclosing.set(bound)
    try:
        yield
    finally:
        try:
            _enclosing.reset(token)
        except ValueError:  # an async generator may be closed in another context than it was opened in
            _enclosing.set(before)


def _cause(value: object) -> Cause:
    if isinstance(value, Cause):
        return value
    if isinstance(value, LedgerRecord):
        value = value.envelope
    if isinstance(value, EventEnvelope):
        return Cause(value.event_id, value.correlation_id)
    if isinstance(value, UUID | str):
        return Cause(str(value).lower())
    raise _not_a_cause(value)


def _not_a_cause(value: object) -> InvalidEvent:
    return InvalidEvent("cause", f"an event, an id or several of them, not {type(value).__name__}")

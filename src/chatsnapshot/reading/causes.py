"""`why`: the causes of an event up to the roots, and its effects down to the leaves. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DEPTH_MAX = 10_000
"""Steps that a walk takes at most; a run that is deeper is cut there, and says so."""


@dataclass(frozen=True, slots=True)
class Link:
    """One event and what it names as its causes."""

    sequence_no: int
    event_id: str
    event_type: str
    cause: str
    causation_id: str | None
    causation_correlation_id: str | None
    caused_by: tuple[str, ...]
    who: str
    preview: str
    """The first 300 characters of the payload."""

    @property
    def causes(self) -> tuple[str, ...]:
        """Every cause, the main one first."""
        return (self.causation_id, *self.caused_by) if self.causation_id else self.caused_by


@dataclass(frozen=True, slots=True)
class Step:
    """An event on the way, `depth` steps from the one that was asked about; `link` None: it is not in this run."""

    depth: int
    event_id: str
    link: Link | None


@dataclass(frozen=True, slots=True)
class Why:
    """Answer to "why did this happen, and what did it cause?"."""

    event: Link
    causes: tuple[Step, ...]
    effects: tuple[Step, ...]


class CauseGraph:
    """The events of one run by id and by cause."""

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = {link.event_id: link for link in links}
        self._effects: dict[str, list[str]] = {}
        for link in self.links.values():
            for cause in link.causes:
                self._effects.setdefault(cause, []).append(link.event_id)

    def why(self, event_id: str) -> Why | None:
        """Causes and effects, nearest first; None for an id that the run does not have."""
        event = self.links.get(event_id)
        if event is None:
            return None
        return Why(event, tuple(self._walk(event, upwards=True)), tuple(self._walk(event, upwards=False)))

    def _walk(self, event: Link, *, upwards: bool) -> Iterator[Step]:
        seen = {event.event_id}
        waiting = deque((each, 1) for each in self._next(event.event_id, upwards=upwards))
        while waiting and len(seen) <= DEPTH_MAX:
            event_id, depth = waiting.popleft()
            if event_id in seen:
                continue
            seen.add(event_id)
            yield Step(depth, event_id, self.links.get(event_id))
            waiting.extend((each, depth + 1) for each in self._next(event_id, upwards=upwards))

    def _next(self, event_id: str, *, upwards: bool) -> Iterable[str]:
        if not upwards:
            return self._effects.get(event_id, ())
        link = self.links.get(event_id)
        return link.causes if link else ()

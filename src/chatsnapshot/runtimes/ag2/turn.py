"""One turn of one agent, as a node of the run: AG2 has no event for its start and end."""

from dataclasses import dataclass
from typing import Any, Literal

from chatsnapshot.runtimes.ag2.trail import Trail
from chatsnapshot.runtimes.draft import Draft


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that began."""

    entity: Literal["run", "agent"]
    """`run` at the top, so that its end is the run's when no workflow encloses it; `agent` inside another turn."""
    entity_id: str
    name: str | None
    """The agent's."""
    parent_entity_id: str | None
    trail: Trail

    @property
    def stream_id(self) -> str:
        """The stream it runs on."""
        return self.trail.scope.stream_id

    @property
    def started_key(self) -> str:
        """Key of the event that says it started."""
        return f"{self.entity_id}:started"

    def started(self) -> Draft:
        """Its start; the cause is whatever the application does around it."""
        return self._bracket("started", None, {})

    def ended(self, phase: str, extra: dict[str, Any]) -> Draft:
        """Its end, caused by the model's last answer or the error that came instead."""
        return self._bracket(phase, (self.trail.last or self.started_key,), extra)

    def _bracket(self, phase: str, causes: tuple[str, ...] | None, extra: dict[str, Any]) -> Draft:
        payload = {
            "entity": self.entity,
            "entity_id": self.entity_id,
            "parent_entity_id": self.parent_entity_id,
            "name": self.name,
            "phase": phase,
            **extra,
        }
        natural = f"{self.entity_id.removeprefix(self.trail.scope.key(''))}:{phase}"
        return self.trail.scope.made(f"system.{self.entity}_{phase}", payload, natural, causes)

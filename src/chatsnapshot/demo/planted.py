"""Two faults that the demo plants, so that people see what the ledger does with them. Both are labelled as planted."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from chatsnapshot_producers.event_ids import new_event_id
from chatsnapshot_producers.recorder import Recorder
from chatsnapshot_producers.run import Run
from chatsnapshot_schemas.envelope import EventEnvelope, Source

INSTANCE = "planted-gap"
"""The source that counts 0, 2: its number 1 is used up and never sent."""
LABEL = "planted by the demo"


@dataclass(frozen=True, slots=True)
class Planted:
    """What a verification must find, and nothing else."""

    gap_instance: str
    refused_event_id: str

    @property
    def labels(self) -> dict[str, str]:
        """By kind of finding, or event id: what to print beside it."""
        return {"gap": LABEL, self.refused_event_id: LABEL}


def plant(recorder: Recorder, run: Run, cause: EventEnvelope) -> Planted:
    """Send a source's events 0 and 2 without 1, and a second, different event under an id that is taken."""
    first = _noted(run, cause, 0, "the first event of a source whose second event never comes")
    third = _noted(run, cause, 2, "its third event: the ledger waits a while for number 1, then records the gap")
    taken = _noted(run, cause, None, "another fact under the id of an earlier one: goes to quarantine", first.event_id)
    for envelope in (first, third, taken):
        recorder.forward(envelope)
    return Planted(INSTANCE, first.event_id)


def _noted(run: Run, cause: EventEnvelope, number: int | None, text: str, event_id: str | None = None) -> EventEnvelope:
    """An envelope made by hand: `Run.record` numbers densely and cannot be made to do wrong."""
    return EventEnvelope(
        event_id=event_id or new_event_id(),
        tenant_id=run.tenant_id,
        correlation_id=run.id,
        event_type="execution.state_change",
        timestamp=datetime.now(UTC),
        source=Source("system", service="demo", instance=None if number is None else INSTANCE),
        source_seq=number,
        causation_id=cause.event_id,
        payload=json.dumps({"kind": "planted", "planted": LABEL, "reason": text}, ensure_ascii=False),
    )

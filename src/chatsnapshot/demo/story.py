"""The story that the demo records: agents through the AG2 adapter, the application beside them, one run."""

from dataclasses import dataclass

from chatsnapshot.demo.agents import refund_desk
from chatsnapshot.demo.application import CUSTOMER, RefundApplication
from chatsnapshot.demo.planted import Planted, plant
from chatsnapshot.demo.scripted_models import ORDER
from chatsnapshot.runtimes.ag2 import attach
from chatsnapshot_producers.recorder import Recorder

CLAIM = f"My desk lamp (order {ORDER}) arrived broken. Where is my money?"
WORKFLOW = "refund"


@dataclass(frozen=True, slots=True)
class Story:
    """What was told."""

    run_id: str
    events: int
    """How many events the ledger must show in the end."""
    planted: Planted
    reply: str


async def tell(service: Recorder, bank: Recorder) -> Story:
    """Record one refund from claim to payment, by two services. Returns when everything is in their spools."""
    before = _recorded(service, bank)
    run = service.run(workflow=WORKFLOW, user=CUSTOMER)
    application = RefundApplication(run, bank.run(run.id))
    with run.lifecycle() as started:
        planted = plant(service, run, started)
        application.schedule()
        claim = application.claim_sent(ORDER)
        desk = refund_desk(application)
        with attach(desk, run), run.caused_by(claim):
            reply = await desk.ask(CLAIM)
    refused = 1
    return Story(run.id, _recorded(service, bank) - before - refused, planted, reply.body or "")


def _recorded(*recorders: Recorder) -> int:
    return sum(recorder.status().recorded for recorder in recorders)

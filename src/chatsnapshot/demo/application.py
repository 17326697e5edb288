"""The application around the agents: its own tasks, its web page, its bank. It knows nothing of AG2."""

from collections.abc import Iterator
from contextlib import contextmanager

from chatsnapshot_producers.run import Run
from chatsnapshot_schemas.envelope import EventEnvelope

CUSTOMER = "u-17"
MANAGER = "m-3"
TASKS = (("check-claim", ()), ("approve", ("check-claim",)), ("pay-back", ("approve",)))
"""Name and dependencies, in the order of the work."""


class RefundApplication:
    """A service that handles refunds, and the bank's gateway beside it: two sources, one run."""

    def __init__(self, run: Run, bank: Run) -> None:
        self.run = run
        self._bank = bank

    def schedule(self) -> None:
        """The plan, before anything of it begins."""
        for name, depends_on in TASKS:
            self._task(name, "scheduled", depends_on=list(depends_on))

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Start and end of one task; what is recorded inside follows from its start."""
        started = self._task(name, "started")
        try:
            with self.run.caused_by(started):
                yield
        except BaseException as error:
            self._task(name, "failed", error={"type": type(error).__name__, "message": str(error)})
            raise
        self._task(name, "completed")

    def claim_sent(self, order: str) -> EventEnvelope:
        """The customer presses Send on the web page."""
        return self.run.record(
            "ui.interaction",
            {
                "action": "claim.sent",
                "content": f"(sends a claim for order {order} from the web page)",
                "user_id": CUSTOMER,
                "channel": "web",
            },
            subject_id=CUSTOMER,
        )

    def approval_given(self, question: str) -> str:
        """The manager reads the question on a phone and agrees."""
        self.run.record(
            "ui.approval_given",
            {
                "action": "approval",
                "decision": "approve",
                "content": "(taps Approve on a phone)",
                "values": {"question": question},
                "user_id": MANAGER,
                "channel": "mobile",
            },
        )
        return "yes, pay it back"

    def transfer(self, order: str, amount: str) -> str:
        """The bank books a transfer; its gateway reports both ends of the call."""
        call = {"call_id": f"transfer-{order}", "direction": "out", "service": "bank", "operation": "transfer"}
        request = {"order": order, "amount": amount, "currency": "EUR"}
        started = self._bank.record(
            "integration.call",
            {**call, "phase": "started", "method": "POST", "url": "https://bank.example/transfers", "request": request},
        )
        booked = {"transfer_id": "T-77", "state": "booked"}
        self._bank.record(
            "integration.call",
            {**call, "phase": "completed", "status_code": 201, "response": booked, "duration_ms": 12},
            cause=started,
        )
        return booked["transfer_id"]

    def _task(self, name: str, phase: str, **more: object) -> EventEnvelope:
        payload = {
            "entity": "task",
            "entity_id": name,
            "parent_entity_id": self.run.id,
            "name": name,
            **more,
        }
        return self.run.record(f"system.task_{phase}", payload)

"""One performance of the demo against a running stack: record, wait, read back, prove."""

import asyncio

from rich.console import Console

from chatsnapshot.demo.next_steps import next_steps
from chatsnapshot.demo.outcome import differences
from chatsnapshot.demo.presentation import print_next_steps, print_run, print_verdict
from chatsnapshot.demo.story import Story, tell
from chatsnapshot.demo.visibility import SETTLE_S, wait_until_visible
from chatsnapshot.embedded.progress import Progress
from chatsnapshot.reading import Ledger
from chatsnapshot.recording import Recorder
from chatsnapshot.settings import Settings

DELIVERY_S = 30.0
"""Sixty small events to a broker that is up."""


def perform(settings: Settings, hold_s: float, out: Console, progress: Progress, *, stack_stays: bool) -> bool:
    """Run the demo once; whether verification found exactly what was planted.

    `hold_s`: how long the stack's sequencer waits for missing events, in seconds. `stack_stays`: it can be asked
    further afterwards. Raises Undelivered, StackFailed and
    whatever reading raises.
    """
    progress.busy("recording: two agents, a person, a bank")
    story = _record()
    progress.say(f"recorded run {story.run_id}: {story.events} events by two services, two faults planted")
    ledger = Ledger.connect(settings=settings)
    wait_until_visible(ledger, story.run_id, story.events, hold_s + SETTLE_S, progress.busy)
    progress.busy("verifying: every hash from the raw ledger topic")
    history = ledger.run(story.run_id)
    report = history.verify()
    progress.busy("")
    unexpected = differences(report, story.planted)
    print_run(out, history)
    print_verdict(out, report, story.planted, unexpected)
    print_next_steps(out, next_steps(story.run_id, settings, stack_stays=stack_stays))
    return not unexpected


def _record() -> Story:
    with Recorder.connect(service="refunds") as service, Recorder.connect(service="bank-gateway") as bank:
        story = asyncio.run(tell(service, bank))
        service.flush(DELIVERY_S)
        bank.flush(DELIVERY_S)
    return story

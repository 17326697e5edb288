"""What became of quarantine records that were to be solved, in words."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatsnapshot.rendering.printable import one_line, printable

if TYPE_CHECKING:
    from chatsnapshot.redriving.outcome import Outcome


def outcome_line(outcome: "Outcome", *, dry_run: bool = False) -> str:
    """One record."""
    if outcome.error is not None:
        return f"{outcome.place} refused ({outcome.error.code}): {printable(str(outcome.error))}"
    run = f"run {one_line(outcome.correlation_id, 80)}" if outcome.correlation_id else "no run"
    would = "would be " if dry_run else ""
    if outcome.result == "duplicate":
        return f"{outcome.place} {would}solved as a duplicate: event {outcome.event_id} is in {run} already"
    if outcome.result == "discarded":
        return f"{outcome.place} {would}discarded ({outcome.reason}, {run})"
    edited = f", changed: {', '.join(outcome.edited)}" if outcome.edited else ""
    offset = f", offset {outcome.sent_offset}" if outcome.sent_offset >= 0 else ""
    where = f"partition {outcome.sent_partition}{offset}"
    return f"{outcome.place} {would}redriven: event {outcome.event_id} of {run}, input {where}{edited}"


def summary_line(outcomes: "Sequence[Outcome]", *, dry_run: bool = False) -> str:
    """All of them."""
    counts = Counter(outcome.result for outcome in outcomes)
    said = ", ".join(
        f"{counts[name]:,} {name}" for name in ("redriven", "duplicate", "discarded", "refused") if counts[name]
    )
    return f"{len(outcomes):,} records{' (dry run)' if dry_run else ''}: {said}"

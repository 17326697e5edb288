"""The facts of a run in a few words: status, workflow, who, when, how much, what is missing."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

from chatsnapshot.rendering.cost_table import money
from chatsnapshot.rendering.printable import count_text, printable, run_duration

STATUS_STYLES = {"completed": "bold green", "failed": "bold red", "running": "bold blue"}


def heading_renderable(run: Any) -> RenderableType:
    """A panel with the run's id as its title (a row of view `runs`)."""
    status = Text.assemble((run.phase or run.status, STATUS_STYLES.get(run.status, "bold")))
    facts = Text("  ·  ").join([status, *(Text(fact) for fact in list(heading_facts(run))[1:])])
    return Panel(facts, title=Text(printable(run.correlation_id), "bold"), title_align="left", expand=False)


def heading_facts(run: Any) -> Iterator[str]:
    """One short phrase a fact, the status first."""
    yield run.phase or run.status
    if run.workflow_name:
        yield printable(run.workflow_name)
    if run.user_id:
        yield f"for {printable(run.user_id)}"
    yield f"{run.first_timestamp:%Y-%m-%d %H:%M:%S} UTC"
    yield run_duration(run)
    yield count_text(run.events, "event")
    yield count_text(run.messages, "message")
    if run.tokens:
        yield count_text(int(run.tokens), "token")
    yield from (money(amount, currency) for currency, amount in run.costs.items())
    if run.unpriced_lines:
        yield f"{count_text(run.unpriced_lines, 'usage line')} unpriced"
    if run.missing:
        yield f"{count_text(run.missing, 'event')} missing"

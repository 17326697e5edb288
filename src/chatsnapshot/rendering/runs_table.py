"""The list of runs."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from chatsnapshot.rendering.cost_table import money
from chatsnapshot.rendering.printable import one_line, run_duration
from chatsnapshot.rendering.run_heading import STATUS_STYLES


def runs_table(runs: Iterable[Any]) -> Table:
    """Rows of view `runs`, as they come."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("run", overflow="fold", min_width=12)
    for name in ("status", "workflow", "user", "started (UTC)"):
        table.add_column(name, no_wrap=True)
    for name in ("took", "events", "missing", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        table.add_row(
            Text(one_line(run.correlation_id, 60), "bold"),
            Text(run.phase or run.status, STATUS_STYLES.get(run.status, "")),
            one_line(run.workflow_name, 20),
            one_line(run.user_id, 16),
            f"{run.first_timestamp:%m-%d %H:%M:%S}",
            run_duration(run),
            f"{run.events:,}",
            Text(f"{run.missing:,}", "yellow") if run.missing else "",
            _cost(run),
        )
    return table


def _cost(run: Any) -> Text:
    text = Text(" + ".join(money(amount, currency) for currency, amount in run.costs.items()))
    if run.unpriced_lines:
        text.append(" + unpriced" if text else "unpriced", "yellow")
    return text

"""What the demo prints: the transcript, the graph, the cost, the verdict, and what to try next."""

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from chatsnapshot.cli.showing import print_graph_and_cost, show_text
from chatsnapshot.demo.planted import LABEL, Planted
from chatsnapshot.reading import RunHistory
from chatsnapshot.rendering.report_text import report_lines
from chatsnapshot.verification.findings import Report


def print_run(out: Console, history: RunHistory) -> None:
    """Transcript, graph and cost, read back from ClickHouse."""
    out.print(Rule("What was said"))
    show_text(history, history.transcript(), graph=False, full=True)
    out.print(Rule("What happened, and what it cost"))
    print_graph_and_cost(out, history)


def print_verdict(out: Console, report: Report, planted: Planted, differences: list[str]) -> None:
    """The verification's findings, the planted ones labelled, and whether they are all."""
    out.print(Rule("Is the record complete?"))
    for line in report_lines(report, planted.labels):
        out.print(line, soft_wrap=True)
    out.print()
    if not differences:
        out.print(Text(f"Exactly the two faults that were {LABEL}: one gap, one refused event.", "bold green"))
    for unexpected in differences:
        out.print(Text(f"UNEXPECTED  {unexpected}", "bold red"), soft_wrap=True)


def print_next_steps(out: Console, steps: list[tuple[str, str]]) -> None:
    """Commands, and what each is good for."""
    out.print(Rule("What to try next"))
    width = max(len(command) for command, _ in steps)
    for command, meaning in steps:
        out.print(Text.assemble((f"{command:<{width}}", "cyan"), f"  {meaning}"), soft_wrap=True)

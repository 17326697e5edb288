"""docs/benchmarks.md from results: written by this program, never by hand."""

from collections.abc import Iterable, Sequence

from benchmarks.goals import Verdict, verdicts
from benchmarks.measures import Measure, PartResult, Run, Table

WRITTEN_BY = "<!-- Written by `make bench` (benchmarks/report.py). Measure again instead of editing. -->"
INTRODUCTION = """\
Measured by `make bench`: every part starts a real Apache Kafka and a real ClickHouse engine of its own, with the
settings that ChatSnapshot ships, and the product's own processes. Peers do the same job on the same machine in the
same run, and their output is checked as ours is. Every figure is the median of the repeats; the spread is the
lowest and the highest. Figures of other machines differ; ratios differ less. Nothing here decides a test."""


def markdown(run: Run, picture: str | None) -> str:
    """The whole page; `picture`: path of the image, relative to the page."""
    parts = [WRITTEN_BY, "# Benchmarks", INTRODUCTION, _incomplete(run.parts)]
    parts += [_goal_table(verdicts(run))]
    if picture:
        parts.append(f"![Throughput, latency and memory]({picture})")
    parts += ["## Machine", _table(["", ""], run.machine.items())]
    for part in run.parts:
        parts += _part(part)
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(run: Run) -> str:
    """The short form for the terminal."""
    measured = [verdict for verdict in verdicts(run) if verdict.value is not None]
    lines = [f"{verdict.word.strip('*'):>16}  {verdict.goal.text}: {_found(verdict)}" for verdict in measured]
    lines += [f"{'FAILED':>16}  {part.name}: {part.failed}" for part in run.parts if part.failed]
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits or all of them: what is measured here is not more exact."""
    size = abs(value)
    if size >= 1000 or size == 0:
        return f"{value:,.0f}"
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f}"


def spread(measure: Measure) -> str:
    """`lowest to highest`."""
    if len(measure.values) == 1:
        return "one run"
    return f"{number(min(measure.values))} to {number(max(measure.values))}"


def _incomplete(parts: Sequence[PartResult]) -> str:
    """Said on top when the page is not what `make bench` alone gives."""
    small = [part.name for part in parts if part.scale != 1.0]
    if not small:
        return ""
    return f"**Not a full run**: {', '.join(small)} at a smaller scale than 1. These figures say nothing yet."


def _goal_table(found: Iterable[Verdict]) -> str:
    rows = [(verdict.goal.text, _found(verdict), _spread(verdict), verdict.word) for verdict in found]
    return _table(["target", "found (median)", "spread", ""], rows)


def _found(verdict: Verdict) -> str:
    if verdict.value is None or verdict.measure is None:
        return "-"
    if verdict.goal.beside:
        return f"{number(verdict.value)}x ({number(verdict.measure.median)} {verdict.measure.unit})"
    return f"{number(verdict.value)} {verdict.measure.unit}"


def _spread(verdict: Verdict) -> str:
    if verdict.value is None or verdict.measure is None:
        return "-"
    unit = f" {verdict.measure.unit}" if len(verdict.measure.values) > 1 else ""
    return spread(verdict.measure) + unit


def _part(part: PartResult) -> list[str]:
    said = [f"## {part.title}"]
    if part.failed:
        said.append(f"**Incomplete**: {part.failed.splitlines()[0]}")
    said.append(part.method)
    measured = [measure for measure in part.measures if measure.values]
    if measured and not part.hides_measures:
        said.append(_percentile_table(measured) or _measure_table(part, measured))
    for table in part.tables:
        said += [f"{table.title}:", _markdown_table(table)]
    said += part.remarks
    if part.measured_at:
        times = "once" if part.repeat == 1 else f"{part.repeat} times"
        said.append(f"_{part.measured_at}: measured {times}, in {part.seconds:.0f} s._")
    return said


def _measure_table(part: PartResult, measured: list[Measure]) -> str:
    compared = next((each for each in measured if each.key == part.compare_with), None)
    columns = ["", "median", "lowest to highest", "unit", *(["ours is"] if compared else [])]
    rows = []
    for measure in measured:
        name = f"**{measure.label}**" if compared and measure.is_ours else measure.label
        row = [name, number(measure.median), spread(measure), measure.unit]
        if compared:
            row.append("" if measure.is_ours else f"{number(compared.median / measure.median)}x")
        rows.append(row)
    return _table(columns, rows)


def _percentile_table(measured: list[Measure]) -> str:
    """One row for all measures whose labels differ only behind the last comma; empty when they are not of that kind."""
    if any(", " not in measure.label for measure in measured) or len({measure.unit for measure in measured}) > 1:
        return ""
    rows: dict[str, dict[str, str]] = {}
    for measure in measured:
        label, _, column = measure.label.rpartition(", ")
        among = f" ({spread(measure)})" if len(measure.values) > 1 else ""
        rows.setdefault(label, {})[column] = number(measure.median) + among
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    head = [f"{measured[0].unit}: median (lowest to highest)", *columns]
    return _table(head, ([label, *(row.get(column, "") for column in columns)] for label, row in rows.items()))


def _markdown_table(table: Table) -> str:
    return _table(table.columns, table.rows)


def _table(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)

"""What was found about completeness, for a person and for a machine."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from chatsnapshot.completeness.reconciliation import Gap, Reconciled
from chatsnapshot.completeness.result import FIGURES, Completeness, InstanceFigures
from chatsnapshot.rendering.printable import count_text, one_line
from chatsnapshot_schemas.json_form import time_text

GAPS_SHOWN_MAX = 50
ID_CHARS_MAX = 40
_HEADINGS = dict.fromkeys(FIGURES, "") | {
    "numbered": "numbered",
    "acknowledged": "acked",
    "recorded": "recorded",
    "held": "held",
    "quarantined": "quar.",
    "used": "used",
    "projected": "tables",
    "missing": "missing",
}
"""Short, so that a table fits a narrow terminal."""
_STYLES = {"complete": "bold green", "open": "bold yellow"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def completeness_parts(found: Completeness, limit: int) -> Iterator[Table | Text]:
    """Verdict, a table of instances and one of runs (at most `limit` rows each, open ones first), gaps and remarks."""
    yield Text(found.verdict, _STYLES[found.verdict])
    yield Text(_looked_at(found), "dim")
    if found.instances:
        yield _instances(found, limit)
        yield _runs(found, limit)
    shown = found.gaps[:GAPS_SHOWN_MAX]
    for gap in shown:
        yield Text(gap_text(gap))
    if more := found.gap_count - len(shown):
        yield Text(f"… {count_text(more, 'more gap')}: {_kinds(found)}", "dim")
    for line in (*_open_lines(found), *found.notes):
        yield Text(line, "yellow")
    for remark in found.remarks:
        yield Text(remark, "dim")


def completeness_json(found: Completeness, limit: int) -> dict[str, Any]:
    """The whole answer; `limit`: of runs."""
    rows = _rows(found, limit)
    return {
        "verdict": found.verdict,
        "exit_code": found.exit_code,
        "runs_seen": found.runs,
        "runs_open": found.open_runs,
        "runs_without_report": found.unreported_runs,
        "figures": {name: found.figures[name] for name in FIGURES},
        "missing_of": {str(kind): count for kind, count in found.missing_of.items()},
        "instances": [_instance_json(each) for each in _by_openness(found)[:limit]],
        "instances_more": max(0, len(found.instances) - limit),
        "runs_of_more_instances": found.runs_of_more_instances,
        "runs": [_row_json(row) for row in rows],
        "runs_more": found.runs - len(rows),
        "gaps": [_gap_json(gap) for gap in found.gaps],
        "gaps_more": found.gap_count - len(found.gaps),
        "unnumbered": {
            "recorded": found.unnumbered_records,
            "held": found.unnumbered_held,
            "quarantined": found.unnumbered_quarantined,
        },
        "behind": found.behind,
        "notes": found.notes,
        "remarks": found.remarks,
        "seconds": round(found.seconds, 3),
    }


def gap_text(gap: Gap) -> str:
    """One named gap on one line."""
    source = gap.source
    who = f"instance {one_line(source.instance, ID_CHARS_MAX)}, run {one_line(source.correlation_id, ID_CHARS_MAX)}"
    return f"{who}: {gap.detail}"


def _looked_at(found: Completeness) -> str:
    figures = found.figures
    return (
        f"{count_text(found.runs, 'source')} in runs: {figures['numbered']:,} events numbered, "
        f"{figures['acknowledged']:,} acknowledged, {figures['recorded']:,} recorded, "
        f"{figures['projected']:,} in table ledger, {figures['missing']:,} missing; {found.seconds:.1f} s"
    )


def _kinds(found: Completeness) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in found.missing_of.items())


def _open_lines(found: Completeness) -> Iterator[str]:
    yield from found.behind
    if found.behind and found.figures["missing"]:
        yield "some of what is missing may be on its way there: ask again"
    if found.unnumbered_quarantined:
        yield f"{count_text(found.unnumbered_quarantined, 'input')} in quarantine without a source number"
    if found.unnumbered_held:
        yield f"{count_text(found.unnumbered_held, 'event')} held without a source number"


def _instances(found: Completeness, limit: int) -> Table:
    table = _table("instance", "runs")
    shown = _by_openness(found)[:limit]
    for each in shown:
        name = Text.assemble((one_line(each.instance, ID_CHARS_MAX), "bold"), "\n", (_state(each), "dim"))
        table.add_row(name, f"{each.runs:,}", *_figures(each.figures, each.open_runs))
    more, others = len(found.instances) - len(shown), found.runs_of_more_instances
    if more or others:
        table.caption = f"… {more:,} more" + (f", and others with {count_text(others, 'run')}" if others else "")
    return table


def _runs(found: Completeness, limit: int) -> Table:
    table = _table("run and instance")
    rows = _rows(found, limit)
    for row in rows:
        run, instance = one_line(row.source.correlation_id, ID_CHARS_MAX), one_line(row.source.instance, ID_CHARS_MAX)
        figures = {name: getattr(row, name) for name in FIGURES}
        name = Text.assemble((run, "bold"), "\n", (instance, "dim"))
        table.add_row(name, *_figures(figures, 0 if row.is_complete else 1))
    if more := found.runs - len(rows):
        table.caption = f"… {more:,} more, {max(0, found.open_runs - len(rows)):,} of them open"
    return table


def _table(name: str, *counts: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), caption_justify="left")
    table.add_column(name, overflow="fold")
    for heading in (*counts, *_HEADINGS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _figures(figures: Any, open_runs: int) -> list[Text]:
    """Numbers; what makes a row open is in colour."""
    marked = {"held", "quarantined", "missing"} if open_runs else set()
    return [Text(f"{figures[name]:,}", "bold yellow" if name in marked and figures[name] else "") for name in FIGURES]


def _state(each: InstanceFigures) -> str:
    """What is known of the process: it cannot be asked."""
    report = each.report
    if report is None:
        return "does not report"
    service = one_line(report.service, ID_CHARS_MAX)
    if report.closed:
        return f"{service}, ended {_time(report.updated_at):%Y-%m-%d %H:%M}"
    return f"{service}, since {_time(report.started_at):%Y-%m-%d %H:%M}"


def _by_openness(found: Completeness) -> list[InstanceFigures]:
    return sorted(found.instances.values(), key=lambda each: (-each.open_runs, each.tenant_id, each.instance))


def _rows(found: Completeness, limit: int) -> list[Reconciled]:
    def by_run(row: Reconciled) -> tuple[str, str, str]:
        return row.source.tenant_id, row.source.correlation_id, row.source.instance

    return [*sorted(found.rows, key=by_run), *sorted(found.complete_rows, key=by_run)][:limit]


def _instance_json(each: InstanceFigures) -> dict[str, Any]:
    report = each.report
    return {
        "tenant_id": each.tenant_id,
        "instance": each.instance,
        "reports": report is not None,
        "service": report.service if report else None,
        "host": report.host if report else None,
        "pid": report.pid if report else None,
        "spool": report.spool if report else None,
        "started_at": time_text(_time(report.started_at)) if report else None,
        "reported_at": time_text(_time(report.updated_at)) if report else None,
        "closed": report.closed if report else None,
        "runs": each.runs,
        "runs_open": each.open_runs,
        **{name: each.figures[name] for name in FIGURES},
    }


def _row_json(row: Reconciled) -> dict[str, Any]:
    return {
        "tenant_id": row.source.tenant_id,
        "run": row.source.correlation_id,
        "instance": row.source.instance,
        "reported": row.reported,
        **{name: getattr(row, name) for name in FIGURES},
        "reused": row.reused,
        "missing_of": {str(kind): count for kind, count in row.missing_of.items()},
        "complete": row.is_complete,
    }


def _gap_json(gap: Gap) -> dict[str, Any]:
    return {
        "tenant_id": gap.source.tenant_id,
        "run": gap.source.correlation_id,
        "instance": gap.source.instance,
        "kind": str(gap.kind),
        "first": gap.first,
        "last": gap.last,
        "missing": gap.missing,
        "detail": gap.detail,
    }


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=min(micros, _MICROS_MAX))


_MICROS_MAX = int((datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) * 1_000_000
"""A clock that is wrong beyond all measure is shown as the last year there is."""

"""`replay`: history again, in order, to a topic or to standard output."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from chatsnapshot.cli.output import print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot.reading import Ledger
from chatsnapshot_schemas.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from confluent_kafka import Message

    from chatsnapshot.replaying.ledger_log import LedgerLog

STDOUT = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "replay",
        rich_help_panel="Read",
        epilog="Examples:  chatsnapshot replay refund-17   |   "
        "chatsnapshot replay refund-17 --to audit.refunds --create   |   "
        "chatsnapshot replay --from 2026-01-31 --until 2026-02-01 --to backfill --rate 5000   |   "
        "chatsnapshot replay --from 2h > last-hours.ndjson",
    )(replay)


def replay(
    run: str | None = typer.Argument(None, help="Run id, or `last`: this run, in the order of its numbers."),
    since: str | None = typer.Option(
        None,
        "--from",
        help="Instead of a run: everything recorded since then, partition after partition. "
        "2026-01-31, 2026-01-31T12:00:00Z, or 30m, 2h, 7d for so long ago.",
    ),
    until: str | None = typer.Option(None, "--until", help="With --from: up to then. Spans that touch share nothing."),
    to: str = typer.Option(STDOUT, "--to", help="A topic, or `-`: standard output, one record as JSON a line."),
    create: bool = typer.Option(False, "--create", help="Make the topic when it is not there."),
    rate: float | None = typer.Option(None, "--rate", min=0.001, help="At most so many records a second."),
    tenant: str | None = typer.Option(
        None, "--tenant", help="Tenant of the run; default: CHATSNAPSHOT_TENANT. With --from: only this one."
    ),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable summary of a replay to a topic."),
) -> None:
    """Write history again, in order: to a topic byte for byte, or to standard output as JSON. Nothing is executed.

    A topic gets the ledger's own bytes under the same keys, so a consumer of the ledger reads it unchanged. The order
    within every run is kept. Exit code 1: not every record was acknowledged.
    """
    from chatsnapshot.replaying.target_topic import check_is_foreign

    if (run is None) == (since is None):
        raise ConfigurationError("say which run, or --from TIME; `chatsnapshot runs` lists the runs")
    if until is not None and since is None:
        raise ConfigurationError("--until goes with --from")
    ledger = Ledger.connect(tenant=tenant)
    if to != STDOUT:
        check_is_foreign(to, ledger.sources.topics)
    # records on a terminal leave no room for a live line; elsewhere than on a terminal it is no use beside them
    with progress_line(quiet=to == STDOUT and (sys.stdout.isatty() or not sys.stderr.isatty())) as told:
        from chatsnapshot.replaying.ledger_log import LedgerLog

        log = LedgerLog(
            ledger.sources.kafka,
            ledger.sources.topics.ledger,
            ledger.sources.framing,
            lambda done, total: told(f"replaying: {done:,} of {total:,} offsets read"),
        )
        records = _history(ledger, log, run, since, until, tenant)
        if to == STDOUT:
            _print(ledger, records, rate)
            return
        _check_target(ledger, log, to, create=create)
        summary = _send(ledger, records, to, rate)
    if as_json:
        print_json(summary)
    else:
        typer.echo(f"{summary['delivered']:,} records acknowledged by topic {to}")


def _history(
    ledger: Ledger, log: "LedgerLog", run: str | None, since: str | None, until: str | None, tenant: str | None
) -> "Iterator[Message]":
    from chatsnapshot.cli.moments import moment_of
    from chatsnapshot.cli.reading import last_run
    from chatsnapshot.replaying.ledger_log import Span

    if run is not None:
        return _of_run(log, ledger.sources.tenant, last_run(ledger) if run == "last" else run)
    now = datetime.now(UTC)
    span = Span(moment_of(since or "", "--from", now), moment_of(until, "--until", now) if until is not None else None)
    return log.of_span(span, tenant)


def _of_run(log: "LedgerLog", tenant: str, run: str) -> "Iterator[Message]":
    found = False
    for message in log.of_run(tenant, run):
        found = True
        yield message
    if not found:
        raise NotFound(f"no run {run!r} of tenant {tenant!r} in topic {log.topic}")


def _check_target(ledger: Ledger, log: "LedgerLog", to: str, *, create: bool) -> None:
    from chatsnapshot.replaying.target_topic import ensure_topic

    ensure_topic(
        ledger.sources.kafka,
        to,
        create=create,
        partitions=log.partitions(),
        replication_factor=ledger.sources.settings.replication_factor,
    )


def _print(ledger: Ledger, records: "Iterator[Message]", rate: float | None) -> None:
    from chatsnapshot.replaying.ledger_log import stored_value
    from chatsnapshot.replaying.pace import Pace
    from chatsnapshot_schemas.codec import decode_ledger
    from chatsnapshot_schemas.json_form import record_to_json

    pace, framing = Pace(rate), ledger.sources.framing
    for message in records:
        pace.wait()
        typer.echo(record_to_json(decode_ledger(framing.ledger_body(stored_value(message)))))


def _send(ledger: Ledger, records: "Iterator[Message]", to: str, rate: float | None) -> dict[str, int | str]:
    from chatsnapshot.replaying.pace import Pace
    from chatsnapshot.replaying.topic_writer import TopicWriter

    pace, writer = Pace(rate), TopicWriter(ledger.sources.kafka, to)
    try:
        for message in records:
            pace.wait()
            writer.write(message)
    except BaseException:
        left = writer.abandon()
        if left.read:
            typer.echo(f"stopped: {left.sent:,} records acknowledged by topic {to}", err=True)
        raise
    done = writer.finish()
    return {"topic": to, "read": done.read, "delivered": done.sent}

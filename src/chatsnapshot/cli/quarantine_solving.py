"""`quarantine redrive` and `quarantine discard`."""

import getpass
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chatsnapshot.cli.output import print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.outcome_text import outcome_line, summary_line
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.quarantine_entries import InputPlace
from chatsnapshot_schemas.reasons import Reason

if TYPE_CHECKING:
    from chatsnapshot.redriving.outcome import Outcome
    from chatsnapshot.redriving.redriver import Order
    from chatsnapshot.redriving.selection import Chosen

SHOWN_MAX = 20
"""Of many: so many refused ones are printed; --json has all."""
STDIN = "-"

RECORDS = typer.Argument(None, metavar="[ID]...", help="Ids as `quarantine list` prints them, such as 1-3-42.")
REASON = typer.Option(None, "--reason", help="All that wait for this reason, such as misrouted.")
ALL = typer.Option(False, "--all", help="All that wait.")
BY = typer.Option(None, "--by", help="Who does it; default: the login name.", metavar="NAME")
DRY_RUN = typer.Option(False, "--dry-run", help="Only say what would be done.")
YES = typer.Option(False, "--yes", "-y", help="Do not ask before many.")
TENANT = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`.")
JSON = typer.Option(False, "--json", help="Machine-readable report of every record.")


def register(quarantine: typer.Typer) -> None:
    """Add the commands."""
    quarantine.command(
        "redrive",
        epilog="Examples:  chatsnapshot quarantine redrive 1-3-42   |   "
        "chatsnapshot quarantine redrive 1-3-42 --set payload.amount=12   |   "
        "chatsnapshot quarantine redrive 1-3-42 --payload mended.json --new-id   |   "
        "chatsnapshot quarantine redrive --reason misrouted --dry-run   |   "
        "chatsnapshot quarantine redrive --all --yes --because 'the schema is known now'",
    )(redrive)
    quarantine.command(
        "discard",
        epilog="Examples:  chatsnapshot quarantine discard 1-3-42 --because 'a test of the load balancer'   |   "
        "chatsnapshot quarantine discard --reason undecodable --because 'sent by a scanner' --yes",
    )(discard)


def redrive(
    records: list[str] | None = RECORDS,
    reason: str | None = REASON,
    all_of_them: bool = ALL,
    payload: str | None = typer.Option(None, help="The whole payload anew: a JSON file, or `-`.", metavar="FILE"),
    changes: list[str] | None = typer.Option(
        None,
        "--set",
        help="Change one thing, as often as needed: payload.KEY, event_type, timestamp, causation_id, "
        "causation_correlation_id, caused_by, subject_id or headers. VALUE is JSON, else text.",
        metavar="NAME=VALUE",
    ),
    envelope: str | None = typer.Option(
        None, help="The whole event anew, where the bytes cannot be read: a JSON file, or `-`.", metavar="FILE"
    ),
    new_id: bool = typer.Option(False, "--new-id", help="Give it a new event id: the old one is recorded by now."),
    because: str = typer.Option("", help="Why, for the record."),
    by: str | None = BY,
    dry_run: bool = DRY_RUN,
    yes: bool = YES,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Send events again, into their runs, and mark their quarantine records as solved. Exit code 1: some were refused.

    They are recorded late, and the run tells who did it. The original bytes stay in the quarantine topic. Of an event
    whose id is recorded by now, the same fact is solved as a duplicate; another or edited one needs --new-id.
    """
    from chatsnapshot.redriving.redriver import Order
    from chatsnapshot_processors.redrive.edit import Edit

    if (payload or envelope) and len(records or ()) != 1:
        raise ConfigurationError("--payload and --envelope are for one record: say its id")
    edit = Edit(
        payload=None if payload is None else _text_of(payload),
        changes=dict(map(_change, changes or ())),
        envelope=None if envelope is None else _text_of(envelope),
        new_id=new_id,
    )
    order = Order(_by(by), because, edit, dry_run)
    _solve(Ledger.connect(tenant=tenant), order, (records or [], reason, all_of_them), yes=yes, as_json=as_json)


def discard(
    records: list[str] | None = RECORDS,
    because: str = typer.Option(..., help="Why they are not to be recorded."),
    reason: str | None = REASON,
    all_of_them: bool = ALL,
    by: str | None = BY,
    dry_run: bool = DRY_RUN,
    yes: bool = YES,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Decide that events are not to be recorded. Exit code 1: some were refused.

    The run tells who did it, where the event's run can be read. The original bytes stay in the quarantine topic.
    """
    from chatsnapshot.redriving.redriver import Order

    order = Order(_by(by), because, None, dry_run)
    _solve(Ledger.connect(tenant=tenant), order, (records or [], reason, all_of_them), yes=yes, as_json=as_json)


def _solve(
    ledger: Ledger, order: "Order", which: tuple[list[str], str | None, bool], *, yes: bool, as_json: bool
) -> None:
    from chatsnapshot.redriving.redriver import Redriver
    from chatsnapshot.redriving.selection import RECORDS_MAX, Scope

    with progress_line(quiet=not sys.stderr.isatty()) as told:
        redriver = Redriver(ledger.sources, Scope.of_operator(ledger.sources.tenant), told)
        chosen = _chosen(redriver, *which)
    _confirm(order, len(chosen), is_sure=yes or bool(which[0]))
    outcomes = []
    with progress_line(quiet=len(chosen) == 1) as told:
        for outcome in redriver.solve(chosen, order):
            outcomes.append(outcome)
            told(f"solving: {len(outcomes):,} of {len(chosen):,}")
    if as_json:
        print_json(_report(outcomes, order))
    else:
        _print(outcomes, order)
    if len(chosen) == RECORDS_MAX:
        typer.echo(f"that were {RECORDS_MAX:,} records, as many as one command solves: give it again", err=True)
    if any(outcome.is_refused for outcome in outcomes):
        raise typer.Exit(1)


def _chosen(redriver: Any, records: list[str], reason: str | None, all_of_them: bool) -> "list[Chosen]":
    if (bool(records), reason is not None, all_of_them).count(True) != 1:
        raise ConfigurationError("say which: ids, --reason REASON, or --all; `chatsnapshot quarantine list` lists them")
    if records:
        places = dict.fromkeys(map(InputPlace.from_text, records))
        return [redriver.selection.one(place) for place in places]
    if reason is not None and reason not in set(Reason):
        raise ConfigurationError(f"--reason: there is no {reason!r}; there are {', '.join(Reason)}")
    found: list[Chosen] = redriver.selection.waiting(reason or "")
    return found


def _confirm(order: "Order", count: int, *, is_sure: bool) -> None:
    if is_sure or order.dry_run or not count:
        return
    what = "Discard" if order.edit is None else "Redrive"
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{what.lower()} {count:,} records? Say --yes, or --dry-run to see them")
    typer.confirm(f"{what} {count:,} records?", abort=True, err=True)


def _report(outcomes: "Sequence[Outcome]", order: "Order") -> dict[str, Any]:
    counts = Counter(outcome.result for outcome in outcomes)
    return {"dry_run": order.dry_run, "counts": counts, "records": [outcome.as_dict() for outcome in outcomes]}


def _print(outcomes: "Sequence[Outcome]", order: "Order") -> None:
    if not outcomes:
        typer.echo("nothing is in quarantine")
        return
    shown = outcomes if len(outcomes) <= SHOWN_MAX else [outcome for outcome in outcomes if outcome.is_refused]
    for outcome in shown[:SHOWN_MAX]:
        typer.echo(outcome_line(outcome, dry_run=order.dry_run), err=outcome.is_refused)
    if len(shown) > SHOWN_MAX:
        typer.echo(f"and {len(shown) - SHOWN_MAX:,} more; --json has all", err=True)
    if len(outcomes) > 1:
        typer.echo(summary_line(outcomes, dry_run=order.dry_run))


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"--set {text!r}: NAME=VALUE is needed, such as payload.amount=12")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _text_of(file: str) -> str:
    try:
        return sys.stdin.buffer.read().decode() if file == STDIN else Path(file).read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8 ({error.reason} at byte {error.start:,})") from None


def _by(name: str | None) -> str:
    if name is not None:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        raise ConfigurationError("this account has no login name: say who does it with --by NAME") from None

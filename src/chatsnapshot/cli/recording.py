"""`record` and `import`: put events in by hand, or from a file of envelopes."""

import sys

import typer

from chatsnapshot.cli.output import print_json
from chatsnapshot_schemas.errors import ConfigurationError

WAIT_S = 10.0
TENANT = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`.")
WAIT = typer.Option(
    WAIT_S, "--wait", min=0.0, help="Seconds to wait for the acknowledgement; what is not acknowledged stays spooled."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    panel = "Record"
    app.command(
        "record",
        rich_help_panel=panel,
        epilog='Examples:  chatsnapshot record message \'{"role":"user","content":"hello"}\' --run demo-1   |   '
        "chatsnapshot record ui.input_received - --run demo-1 < answer.json   |   "
        'chatsnapshot record tool_called \'{"name":"search"}\' --run demo-1 --cause 0197f3a2-… --key call-1',
    )(record)
    app.command(
        "import",
        rich_help_panel=panel,
        epilog="Examples:  chatsnapshot import events.ndjson   |   zcat old.ndjson.gz | chatsnapshot import - --json",
    )(import_file)


def record(
    event_type: str = typer.Argument(help="A dotted type (`execution.message`) or an alias (`tool_called`)."),
    payload: str = typer.Argument("{}", help="A JSON object, kept byte for byte; `-` reads it from standard input."),
    run: str = typer.Option(..., "--run", help="Run id: a new one begins a run, a known one goes on with it."),
    cause: list[str] = typer.Option([], "--cause", help="Id of an event that caused this one; may be repeated."),
    key: str | None = typer.Option(None, "--key", help="Natural key: the same key in a run is the same event."),
    event_id: str | None = typer.Option(None, "--event-id", help="A UUID of your own; default: a new UUIDv7."),
    subject: str | None = typer.Option(None, "--subject", help="The person the event is about."),
    tenant: str | None = TENANT,
    wait: float = WAIT,
    as_json: bool = typer.Option(False, "--json", help="Print the envelope."),
) -> None:
    """Record one event and wait for its acknowledgement; prints its id."""
    from chatsnapshot.cli.importing import quiet_producer_log
    from chatsnapshot.recording import Recorder
    from chatsnapshot_schemas.json_form import envelope_to_json

    text = sys.stdin.read().strip() if payload == "-" else payload
    if not text:
        raise ConfigurationError("standard input is empty: a JSON object is needed, for example {}")
    with quiet_producer_log():
        recorder = Recorder.connect(tenant=tenant, spool_policy="raise")
        try:
            envelope = recorder.run(run).record(
                event_type, text, cause=cause or None, event_id=event_id, key=key, subject_id=subject
            )
            recorder.flush(wait)
        finally:
            recorder.close(0)
    typer.echo(envelope_to_json(envelope) if as_json else envelope.event_id)


def import_file(
    file: str = typer.Argument(help="One envelope in JSON form a line; `-` is standard input."),
    tenant: str | None = typer.Option(None, "--tenant", help="Tenant of lines that name none."),
    wait: float = typer.Option(60.0, "--wait", min=0.0, help="Seconds to wait for acknowledgements before giving up."),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable summary."),
) -> None:
    """Record envelopes from a file: ids, numbers and payload text stay as they are, so it may be run again.

    A line that is refused is reported with its number, field and limit and goes to FILE.rejected.ndjson.
    """
    from chatsnapshot.cli.importing import Import, import_progress

    with import_progress(file) as progress:
        summary = Import(file, tenant, wait, progress).run()
    if as_json:
        print_json(summary.as_dict())
    else:
        typer.echo(summary.text())
    if summary.refused:
        raise typer.Exit(1)

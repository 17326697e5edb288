"""`serve`: the daemons, one role a process. The local stack and production start the same commands."""

import logging
from pathlib import Path

import typer

from chatsnapshot.connecting import clickhouse_connection, kafka_connection
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import MissingExtra

METRICS_PORT = typer.Option(None, help="Serve /metrics, /healthz and /readyz on this port.")
METRICS_HOST = typer.Option(None, help="Address to bind for that port; default CHATSNAPSHOT_METRICS_HOST or loopback.")
INSTANCE_ID = typer.Option(None, help="Static group membership: a name that survives restarts.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    serve = typer.Typer(
        help="Run one role as a daemon in the foreground.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot serve sequencer --metrics-port 9101",
    )
    serve.command("sequencer", epilog="Example:  chatsnapshot serve sequencer --metrics-port 9101")(sequencer)
    serve.command("sink", epilog="Example:  chatsnapshot serve sink --metrics-port 9102")(sink)
    serve.command(
        "http", epilog="Examples:  chatsnapshot serve http --port 8180   |   chatsnapshot serve http --roles ingest"
    )(http)
    app.add_typer(serve, name="serve", rich_help_panel="Set up")


def sequencer(
    metrics_port: int | None = METRICS_PORT,
    metrics_host: str | None = METRICS_HOST,
    instance_id: str | None = INSTANCE_ID,
) -> None:
    """Order, check causes, drop duplicates, chain: events topic to ledger topic."""
    settings = Settings()
    _log(settings)
    try:
        from chatsnapshot_processors.config import RootPolicy, SequencerConfig
        from chatsnapshot_processors.core.policy import SequencingPolicy
        from chatsnapshot_processors.worker import run
    except ImportError as error:
        raise MissingExtra("processors", "serve sequencer") from error
    policy = SequencingPolicy(
        hold_micros=int(settings.hold_s * 1_000_000),
        cause_policy=settings.cause_policy,
        held_events_per_correlation=settings.held_events_per_correlation,
        held_bytes_per_correlation=settings.held_bytes_per_correlation,
        held_events_per_partition=settings.held_events_per_partition,
        held_bytes_per_partition=settings.held_bytes_per_partition,
    )
    config = SequencerConfig(
        kafka=kafka_connection(settings),
        topics=settings.topics(),
        policy=policy,
        data_dir=_folder(settings.data_dir / "sequencer"),
        registry_url=settings.schema_registry_url,
        session_timeout_s=settings.session_timeout_s,
        metrics_port=metrics_port,
        metrics_host=metrics_host or settings.metrics_host,
        instance_id=instance_id,
        roots=RootPolicy(settings.root_interval_s, settings.root_records, settings.signing_key_file),
    )
    raise typer.Exit(run(config))


def sink(
    metrics_port: int | None = METRICS_PORT,
    metrics_host: str | None = METRICS_HOST,
    instance_id: str | None = INSTANCE_ID,
) -> None:
    """Ledger topic to ClickHouse, one Avro block an insert."""
    settings = Settings()
    _log(settings)
    try:
        from chatsnapshot_projections.sink import SinkConfig, run
    except ImportError as error:
        raise MissingExtra("projections", "serve sink") from error
    config = SinkConfig(
        kafka=kafka_connection(settings),
        clickhouse=clickhouse_connection(settings),
        topics=settings.topics(),
        registry_url=settings.schema_registry_url,
        batch_records=settings.sink_batch_records,
        batch_bytes=settings.sink_batch_bytes,
        session_timeout_s=settings.session_timeout_s,
        metrics_port=metrics_port,
        metrics_host=metrics_host or settings.metrics_host,
        instance_id=instance_id,
    )
    raise typer.Exit(run(config))


def http(
    host: str | None = typer.Option(None, help="Address to bind; beyond loopback an API key is needed."),
    port: int | None = typer.Option(None, help="Port to bind."),
    roles: str = typer.Option(
        "ingest,read,redrive",
        help="What is served: ingest (needs Kafka), read (needs ClickHouse), redrive (needs both).",
    ),
) -> None:
    """The HTTP interface: takes events and blobs, answers questions."""
    settings = Settings()
    _log(settings)
    try:
        from chatsnapshot.server.http_roles import http_roles
        from chatsnapshot.server.serving import serve_http
    except ImportError as error:
        raise MissingExtra("server", "serve http") from error
    served = serve_http(
        settings,
        host=host or settings.http_host,
        port=settings.http_port if port is None else port,
        roles=http_roles(roles),
    )
    raise typer.Exit(served)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _log(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )

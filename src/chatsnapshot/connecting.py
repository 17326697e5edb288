"""Where things are: what the environment names, else the running local stack."""

from pathlib import Path

from chatsnapshot.embedded.endpoints import read_endpoints
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection
from chatsnapshot_schemas.errors import StackNotRunning


def kafka_connection(settings: Settings) -> KafkaConnection:
    """The broker. Raises StackNotRunning."""
    named = settings.kafka()
    if named is not None:
        return named
    endpoints = read_endpoints(settings.data_dir)
    if endpoints is None:
        raise _not_running(settings.data_dir, "CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS")
    return KafkaConnection(bootstrap_servers=endpoints.kafka.bootstrap_servers)


def clickhouse_connection(settings: Settings) -> ClickHouseConnection:
    """The ClickHouse. Raises StackNotRunning."""
    named = settings.clickhouse()
    if named is not None:
        return named
    endpoints = read_endpoints(settings.data_dir)
    if endpoints is None:
        raise _not_running(settings.data_dir, "CHATSNAPSHOT_CLICKHOUSE_URL")
    return ClickHouseConnection(url=endpoints.clickhouse.url, database=endpoints.clickhouse.database)


def http_url(settings: Settings) -> str:
    """Where ChatSnapshot's HTTP server is: CHATSNAPSHOT_URL, if that is one. Raises StackNotRunning."""
    if settings.url is not None and settings.url.startswith(("http://", "https://")):
        return settings.url.rstrip("/")
    endpoints = read_endpoints(settings.data_dir)
    if endpoints is None:
        raise _not_running(settings.data_dir, "CHATSNAPSHOT_URL to http(s)://host:port")
    return endpoints.http.url


def _not_running(data_dir: Path, variable: str) -> StackNotRunning:
    return StackNotRunning(f"no running stack in {data_dir}: start one with `chatsnapshot up`, or set {variable}")

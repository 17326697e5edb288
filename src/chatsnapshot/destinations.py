"""Where a Recorder sends: argument, environment or running local stack -> Destination."""

from functools import partial
from urllib.parse import quote, urlsplit

from chatsnapshot.embedded.endpoints import Endpoints, read_endpoints
from chatsnapshot.settings import Settings
from chatsnapshot_producers.kafka_transport import KafkaTransport
from chatsnapshot_producers.transport import Destination, OnTrouble, Transport
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import ConfigurationError, StackNotRunning
from chatsnapshot_schemas.registry import framing_with

WORKS_NOW = "kafka://host:port[,host:port], or none for the running local stack"
_LATER = ("http", "https", "sqlite", "json", "memory")


def destination_of(url: str | None, settings: Settings, service: str) -> Destination:
    """`url`, else CHATSNAPSHOT_URL, else CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS, else the running local stack.

    Raises ConfigurationError for a URL that does not work, StackNotRunning when there is nothing to send to.
    """
    url = url or settings.url
    if url is not None:
        return _kafka(_bootstrap_servers(url), settings, service)
    if settings.kafka_bootstrap_servers is not None:
        return _kafka(settings.kafka_bootstrap_servers, settings, service)
    return _local_stack(settings, service)


def _bootstrap_servers(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if scheme in _LATER and (separator or scheme == "memory"):
        raise ConfigurationError(f"{scheme}:// is not built yet; what works: {WORKS_NOW}")
    if scheme != "kafka" or not separator:
        raise ConfigurationError(f"cannot record to {url!r}; what works: {WORKS_NOW}")
    servers = rest.rstrip("/").split(",")
    for server in servers:
        _check_server(server, url)
    return ",".join(servers)


def _check_server(server: str, url: str) -> None:
    try:
        parts = urlsplit(f"//{server}")
        good = bool(parts.hostname) and parts.port is not None and not (parts.path or parts.query or parts.username)
    except ValueError:
        good = False
    if not good:
        raise ConfigurationError(f"{url!r}: {server!r} is not host:port; what works: {WORKS_NOW}")


def _kafka(servers: str, settings: Settings, service: str) -> Destination:
    topic = settings.topics().events
    known = ",".join(sorted(servers.split(",")))  # the same brokers in another order are the same destination
    return Destination(
        name=f"kafka://{known}/{topic}",
        where=f"kafka://{servers}, topic {topic}",
        connect=partial(_connect, _with_servers(settings, servers), settings, service),
    )


def _local_stack(settings: Settings, service: str) -> Destination:
    endpoints = _endpoints(settings)
    topic = settings.topics().events

    def connect(on_trouble: OnTrouble) -> Transport:
        # looked up each time: a stack that was restarted may be on other ports
        servers = _endpoints(settings).kafka.bootstrap_servers
        return _connect(_with_servers(settings, servers), settings, service, on_trouble)

    return Destination(
        name=f"stack:{settings.data_dir.resolve()}/{topic}",
        where=f"the local stack in {settings.data_dir} (kafka://{endpoints.kafka.bootstrap_servers}, topic {topic})",
        connect=connect,
        run_link=lambda run_id: f"{endpoints.http.url}/v1/runs/{quote(run_id, safe='')}",
    )


def _connect(kafka: KafkaConnection, settings: Settings, service: str, on_trouble: OnTrouble) -> Transport:
    return KafkaTransport(
        kafka,
        settings.topics().events,
        framing_with(settings.schema_registry_url),
        on_trouble,
        client_id=f"chatsnapshot-{service}",
    )


def _with_servers(settings: Settings, servers: str) -> KafkaConnection:
    kafka = settings.model_copy(update={"kafka_bootstrap_servers": servers}).kafka()
    assert kafka is not None
    return kafka


def _endpoints(settings: Settings) -> Endpoints:
    endpoints = read_endpoints(settings.data_dir)
    if endpoints is None:
        raise StackNotRunning(
            f"nowhere to record to: no stack runs in {settings.data_dir}; "
            "start one with `chatsnapshot up`, or set CHATSNAPSHOT_URL=kafka://host:port"
        )
    return endpoints

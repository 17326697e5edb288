"""Where a Recorder sends: argument, environment or running local stack -> Destination."""

from functools import partial
from urllib.parse import quote, urlsplit

from chatsnapshot.embedded.endpoints import Endpoints, read_endpoints
from chatsnapshot.settings import Settings
from chatsnapshot_producers.http_reports import HttpReports
from chatsnapshot_producers.http_transport import HttpTransport
from chatsnapshot_producers.kafka_reports import KafkaReports
from chatsnapshot_producers.kafka_transport import KafkaTransport
from chatsnapshot_producers.report_channel import ReportChannel
from chatsnapshot_producers.transport import Destination, OnTrouble, Transport
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import ConfigurationError, StackNotRunning
from chatsnapshot_schemas.registry import framing_with

WORKS_NOW = "kafka://host:port[,host:port], http(s)://host[:port], or none for the running local stack"
_HTTP_PORT = {"http": 80, "https": 443}
_LATER = ("sqlite", "json", "memory")


def destination_of(url: str | None, settings: Settings, service: str, api_key: str | None = None) -> Destination:
    """`url`, else CHATSNAPSHOT_URL, else CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS, else the running local stack.

    `api_key`: of an http(s) URL, else CHATSNAPSHOT_API_KEY. Raises ConfigurationError for a URL that does not work,
    StackNotRunning when there is nothing to send to.
    """
    url = url or settings.url
    if url is not None and url.partition("://")[0].lower() in _HTTP_PORT:
        return _http(url, api_key or settings.api_key, service)
    if api_key is not None:
        raise ConfigurationError("api_key belongs to http(s):// URLs; Kafka has CHATSNAPSHOT_KAFKA_USERNAME and others")
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


def _http(url: str, api_key: str | None, service: str) -> Destination:
    base_url = _base_url(url)

    def connect(on_trouble: OnTrouble) -> Transport:
        return HttpTransport(base_url, api_key, on_trouble, client_id=_client_id(service))

    return Destination(
        name=base_url,
        where=base_url,
        connect=connect,
        run_link=lambda run_id: f"{base_url}/v1/runs/{quote(run_id, safe='')}",
        reports=lambda: HttpReports(base_url, api_key, client_id=_client_id(service)),
    )


def _base_url(url: str) -> str:
    """Scheme, host, port and, behind a proxy, a path: in one spelling, because spools know their destination by it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.query or parts.fragment or parts.username is not None:
        raise ConfigurationError(f"cannot record to {url!r}: scheme, host and port are needed; what works: {WORKS_NOW}")
    host = f"[{host}]" if ":" in host else host
    place = host if port in (None, _HTTP_PORT[parts.scheme]) else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def _kafka(servers: str, settings: Settings, service: str) -> Destination:
    topic = settings.topics().events
    known = ",".join(sorted(servers.split(",")))  # the same brokers in another order are the same destination
    return Destination(
        name=f"kafka://{known}/{topic}",
        where=f"kafka://{servers}, topic {topic}",
        connect=partial(_connect, _with_servers(settings, servers), settings, service),
        reports=partial(_connect_reports, _with_servers(settings, servers), settings, service),
    )


def _local_stack(settings: Settings, service: str) -> Destination:
    endpoints = _endpoints(settings)
    topic = settings.topics().events

    def kafka() -> KafkaConnection:
        # looked up each time: a stack that was restarted may be on other ports
        return _with_servers(settings, _endpoints(settings).kafka.bootstrap_servers)

    def connect(on_trouble: OnTrouble) -> Transport:
        return _connect(kafka(), settings, service, on_trouble)

    return Destination(
        name=f"stack:{settings.data_dir.resolve()}/{topic}",
        where=f"the local stack in {settings.data_dir} (kafka://{endpoints.kafka.bootstrap_servers}, topic {topic})",
        connect=connect,
        run_link=lambda run_id: f"{endpoints.http.url}/v1/runs/{quote(run_id, safe='')}",
        reports=lambda: _connect_reports(kafka(), settings, service),
    )


def _connect(kafka: KafkaConnection, settings: Settings, service: str, on_trouble: OnTrouble) -> Transport:
    return KafkaTransport(
        kafka,
        settings.topics().events,
        framing_with(settings.schema_registry_url),
        on_trouble,
        client_id=_client_id(service),
    )


def _connect_reports(kafka: KafkaConnection, settings: Settings, service: str) -> ReportChannel:
    return KafkaReports(kafka, settings.topics().sources, client_id=_client_id(service))


def _client_id(service: str) -> str:
    return f"chatsnapshot-{service}"


def _with_servers(settings: Settings, servers: str) -> KafkaConnection:
    kafka = settings.model_copy(update={"kafka_bootstrap_servers": servers}).kafka()
    assert kafka is not None
    return kafka


def _endpoints(settings: Settings) -> Endpoints:
    endpoints = read_endpoints(settings.data_dir)
    if endpoints is None:
        raise StackNotRunning(
            f"nowhere to record to: no stack runs in {settings.data_dir}; "
            "start one with `chatsnapshot up`, or set CHATSNAPSHOT_URL to kafka://host:port or http(s)://host:port"
        )
    return endpoints

"""Kafka and ClickHouse as containers: images and settings of the compose file, on free ports of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx

from chatsnapshot.embedded.ports import choose_ports
from chatsnapshot.embedded.readiness import broker_answers
from chatsnapshot_schemas.connections import KafkaConnection
from tests.deployment.compose_file import services
from tests.pipeline.sequencer_installation import eventually

ENGINE_WITHIN_S = 3
"""A Docker engine that is there answers in milliseconds; one that is not must not hold up a test session."""
OUTSIDE = 9094
"""The compose file's listener for clients on the host."""
CLICKHOUSE_HTTP = 8123


@cache
def no_engine() -> str | None:
    """Why no container can be started here; None: a Docker engine answers."""
    try:
        import docker
    except ImportError:
        return "the Python package `docker` is not installed"
    try:
        docker.from_env(timeout=ENGINE_WITHIN_S).ping()
    except Exception as error:  # the client raises its own and its transport's errors alike
        return f"no Docker engine answers here ({type(error).__name__}; start one, or set DOCKER_HOST)"
    return None


@contextmanager
def kafka_container() -> Iterator[str]:
    """`host:port` of a broker that answers. The port is chosen first, because the broker must advertise it."""
    (choice,) = choose_ports(("kafka",), {}, {"kafka": 0})
    container = _container("kafka").with_bind_ports(OUTSIDE, choice.port)
    host = container.get_docker_client().host()
    for name, value in services()["kafka"]["environment"].items():
        container = container.with_env(name, str(value).replace(f"127.0.0.1:{OUTSIDE}", f"{host}:{choice.port}"))
    bootstrap = f"{host}:{choice.port}"
    with container:
        eventually(lambda: broker_answers(KafkaConnection(bootstrap_servers=bootstrap)) or None)
        yield bootstrap


@contextmanager
def clickhouse_container() -> Iterator[str]:
    """URL of a server whose user `default` has no password, as the embedded engine has none."""
    container = _container("clickhouse").with_exposed_ports(CLICKHOUSE_HTTP).with_env("CLICKHOUSE_SKIP_USER_SETUP", "1")
    with container:
        url = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(CLICKHOUSE_HTTP)}"
        eventually(lambda: _answers(url) or None)
        yield url


def _container(service: str) -> Any:
    from testcontainers.core.container import DockerContainer

    return DockerContainer(services()[service]["image"])


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ping", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False

"""Probes of real daemons: ready when they can work, healthy as long as a restart would not help."""

import socket
from collections.abc import Iterator

import pytest

from tests.conformance.running_roles import RunningRoles, installed
from tests.pipeline.sequencer_installation import eventually

PARTITIONS = 1


@pytest.fixture(scope="module")
def roles(
    kafka_bootstrap: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningRoles]:
    folder = tmp_path_factory.mktemp("health")
    with installed(kafka_bootstrap, clickhouse_url, folder, partitions=PARTITIONS) as running:
        yield running


@pytest.mark.parametrize("role", ["sequencer", "sink"])
def test_ready_with_a_share_and_with_none(roles: RunningRoles, role: str) -> None:
    """Two workers, one partition: both are ready, and the idle one takes over when the other has gone."""
    with roles.serving(role, f"{role}-0") as first, roles.serving(role, f"{role}-1") as second:
        both = (first, second)
        eventually(lambda: all(worker.probe("/readyz") == (200, "ready") for worker in both) or None)
        for worker in both:
            assert worker.probe("/healthz") == (200, "ok")
            assert f"chatsnapshot_{role}_" in worker.probe("/metrics")[1]
        assert first.stop() == 0
        assert first.probe("/healthz") == (0, "")
        assert second.probe("/healthz") == (200, "ok")


def test_a_sink_without_clickhouse_is_healthy_and_not_ready(roles: RunningRoles) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with roles.serving("sink", "sink-2", CHATSNAPSHOT_CLICKHOUSE_URL=nobody) as sink:
            eventually(lambda: nobody in sink.probe("/readyz")[1] or None)
            assert sink.probe("/readyz")[0] == 503
            assert sink.probe("/healthz") == (200, "ok")
            assert sink.stop() == 0


def test_a_taken_metrics_port_is_said_in_one_line(roles: RunningRoles) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for role in ("sequencer", "sink"):
            done = roles.run("serve", role, "--metrics-port", str(port))
            assert done.returncode == 1
            assert f"127.0.0.1:{port}" in done.stderr
            assert "Traceback" not in done.stderr

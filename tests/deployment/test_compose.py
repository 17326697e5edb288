"""The compose file: valid, closed to other machines, started in order, and without a password of its own."""

import re
from pathlib import Path

import pytest

from tests.deployment.command_lines import parsed, settings_names
from tests.deployment.compose_file import COMPOSE, GIVEN, Missing, filled, services
from tests.deployment.found_tools import ROOT, run, tool

OURS = ("migrate", "sequencer", "sink", "http")
DAEMONS = ("sequencer", "sink", "http")


def test_the_compose_specification_accepts_it(tmp_path: Path) -> None:
    checker = tool("compose-config")
    whole = tmp_path / "docker-compose.yml"
    whole.write_text(filled(COMPOSE.read_text(), GIVEN))
    done = run(checker, str(whole), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_checker_sees_what_must_be_given() -> None:
    done = run(tool("compose-config"), str(COMPOSE))
    assert done.returncode != 0
    for name in GIVEN:
        assert f"required variable {name} is missing a value: set it in .env" in done.stderr


@pytest.mark.parametrize("name", GIVEN)
def test_without_a_password_it_says_which(name: str) -> None:
    with pytest.raises(Missing, match=name):
        filled(COMPOSE.read_text(), GIVEN | {name: ""})


def test_the_example_names_every_variable_and_gives_no_password() -> None:
    named = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    example = (ROOT / "examples" / "compose.env").read_text()
    offered = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert named - set(offered) == {"KAFKA_CLUSTER_ID"}
    assert all(offered[name] == "" for name in GIVEN)
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == set(GIVEN)


def test_every_port_is_for_this_machine_alone() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 5
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_images_are_pinned() -> None:
    for name, service in services().items():
        assert re.search(r":\d+\.\d+", service["image"]), name


def test_commands_and_settings_are_ours() -> None:
    for name in OURS:
        service = services()[name]
        path, _ = parsed(service["command"])
        assert path == ("migrate" if name == "migrate" else f"serve {name}")
        told = {variable for variable in service["environment"] if variable.startswith("CHATSNAPSHOT_")}
        assert told <= settings_names(), name


def test_the_health_check_asks_the_port_that_the_role_opens() -> None:
    for name in DAEMONS:
        service = services()[name]
        _, options = parsed(service["command"])
        port = options.get("metrics_port") or 8180
        assert service["environment"]["HEALTH_URL"] == f"http://127.0.0.1:{port}/readyz"
        assert any(published.endswith(f":{port}") for published in service["ports"])


def test_nothing_starts_before_what_it_needs() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in services().items()}
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert needs["migrate"] == {"kafka": healthy, "clickhouse": healthy}
    for name in DAEMONS:
        assert needs[name] == {"kafka": healthy, "clickhouse": healthy, "migrate": done}
    for name in ("kafka", "clickhouse"):
        assert services()[name]["healthcheck"]["test"][0] == "CMD"


def test_what_must_be_kept_is_in_a_volume() -> None:
    kept = {name: service["volumes"][0] for name, service in services().items() if "volumes" in service}
    assert kept == {
        "kafka": "kafka:/var/lib/kafka/data",
        "clickhouse": "clickhouse:/var/lib/clickhouse",
        "sequencer": "sequencer:/var/lib/chatsnapshot",
        "http": "http:/var/lib/chatsnapshot",
    }
    assert services()["kafka"]["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"


def test_our_containers_are_confined_and_have_time_to_end() -> None:
    for name in OURS:
        service = services()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    for name in ("sequencer", "sink"):
        assert services()[name]["stop_grace_period"] == "30s"

"""What helm makes of the chart: it lints, it is what Kubernetes accepts, and every pod has what a pod must have."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deployment.command_lines import parsed, settings_names
from tests.deployment.found_tools import run, tool
from tests.deployment.rendered_chart import (
    CHART,
    KUBERNETES,
    VALUES,
    environment,
    of_kind,
    pod_of,
    rendered,
    role_of,
    workloads,
)

pytestmark = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem.removesuffix("-values"))
DAEMONS = ("sequencer", "sink", "ingest", "read")
CUSTOM = {"ServiceMonitor"}
"""Kinds of an operator, not of Kubernetes."""
LATEST = "1.37"
"""The newest that the validator has; KUBERNETES is the oldest that is still supported."""


def test_it_lints(values: Path) -> None:
    done = run(tool("helm"), "lint", "--strict", "--kube-version", KUBERNETES, "-f", str(values), str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize("version", [KUBERNETES.rpartition(".")[0], LATEST])
def test_kubernetes_accepts_every_manifest(values: Path, version: str) -> None:
    validated = 0
    for manifest in rendered(values):
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, version, strict=True)
            validated += 1
    assert validated >= 15


def test_no_object_is_there_twice(values: Path) -> None:
    named = [(each["kind"], each["metadata"]["name"]) for each in rendered(values)]
    assert len(named) == len(set(named))


def test_every_role_is_there(values: Path) -> None:
    kinds = {role: manifest["kind"] for role, manifest in workloads(values).items()}
    assert kinds == {
        "sequencer": "StatefulSet",
        "sink": "StatefulSet",
        "ingest": "Deployment",
        "read": "Deployment",
        "migrate": "Job",
    }


def test_every_container_is_confined(values: Path) -> None:
    for role, manifest in workloads(values).items():
        pod = pod_of(manifest)
        assert pod["automountServiceAccountToken"] is False, role
        assert pod["securityContext"]["runAsNonRoot"] is True, role
        assert pod["securityContext"]["runAsUser"] == 10001, role
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, role
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, role
            assert {"requests", "limits"} <= set(container["resources"]), role
            assert "memory" in container["resources"]["limits"], role
            assert not container["image"].endswith((":", ":latest")), role


def test_what_is_written_to_is_a_volume(values: Path) -> None:
    for role, manifest in workloads(values).items():
        pod = pod_of(manifest)
        volumes = {each["name"] for each in pod["volumes"]}
        volumes |= {each["metadata"]["name"] for each in manifest["spec"].get("volumeClaimTemplates", [])}
        (container,) = pod["containers"]
        mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        assert {"/tmp", environment(values, container)["CHATSNAPSHOT_DATA_DIR"]} <= set(mounts), role
        assert set(mounts.values()) == volumes, role


def test_every_daemon_has_probes_on_a_port_it_opens(values: Path) -> None:
    for role in DAEMONS:
        (container,) = pod_of(workloads(values)[role])["containers"]
        (port,) = container["ports"]
        _, options = parsed(arguments(container))
        opened = options["port"] if port["name"] == "http" else options["metrics_port"]
        assert opened == port["containerPort"], role
        paths = {
            "startupProbe": "/healthz",
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }
        for probe, path in paths.items():
            assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}, (role, probe)


def test_commands_are_commands_of_ours(values: Path) -> None:
    commands = {}
    for role, manifest in workloads(values).items():
        (container,) = pod_of(manifest)["containers"]
        assert "command" not in container, "the image's entry point is the program"
        commands[role], options = parsed(arguments(container))
        if role in ("ingest", "read"):
            assert options["roles"] == role
    assert commands == {
        "sequencer": "serve sequencer",
        "sink": "serve sink",
        "ingest": "serve http",
        "read": "serve http",
        "migrate": "migrate",
    }


def arguments(container: dict[str, Any]) -> list[str]:
    """As the process gets them: the pod's name in place of the reference to it."""
    names = {each["name"] for each in container.get("env", [])}
    assert "$(POD_NAME)" not in container["args"] or "POD_NAME" in names
    return [each.replace("$(POD_NAME)", "pod-0") for each in container["args"]]


def test_members_are_static_and_named_after_their_pods(values: Path) -> None:
    for role in ("sequencer", "sink"):
        manifest = workloads(values)[role]
        (container,) = pod_of(manifest)["containers"]
        assert parsed(arguments(container))[1]["instance_id"] == "pod-0"
        assert environment(values, container)["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
        assert manifest["spec"]["podManagementPolicy"] == "Parallel"
        services = {each["metadata"]["name"]: each for each in of_kind(values, "Service")}
        assert services[manifest["spec"]["serviceName"]]["spec"]["clusterIP"] == "None"


def test_the_environment_is_settings_that_exist(values: Path) -> None:
    for role, manifest in workloads(values).items():
        (container,) = pod_of(manifest)["containers"]
        told = environment(values, container)
        ours = {name for name in told if name.startswith("CHATSNAPSHOT_")}
        assert ours <= settings_names(), role
        assert {"CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS", "CHATSNAPSHOT_CLICKHOUSE_URL"} <= ours, role
        assert ("CHATSNAPSHOT_API_KEY" in ours) == (role in ("ingest", "read"))


def test_our_settings_take_every_value(values: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatsnapshot.settings import Settings

    (container,) = pod_of(workloads(values)["sink"])["containers"]
    for name, value in environment(values, container).items():
        if name.startswith("CHATSNAPSHOT_"):
            monkeypatch.setenv(name, value if isinstance(value, str) else "from-a-secret")
    settings = Settings()
    given = yaml.safe_load(values.read_text())
    assert settings.kafka_bootstrap_servers == given["kafka"]["bootstrapServers"]
    assert settings.clickhouse_url == given["clickhouse"]["url"]
    assert settings.session_timeout_s == given["kafka"].get("groupSessionTimeoutSeconds", 30)


def test_secrets_are_only_ever_referred_to(values: Path) -> None:
    secret_words = ("PASSWORD", "API_KEY", "USERNAME")
    made = {each["metadata"]["name"]: each["data"] for each in of_kind(values, "Secret")}
    configured = [name for each in of_kind(values, "ConfigMap") for name in each["data"]]
    assert not [name for name in configured if any(word in name for word in secret_words)]
    for manifest in workloads(values).values():
        (container,) = pod_of(manifest)["containers"]
        for name, value in environment(values, container).items():
            if name.endswith(secret_words):
                reference = value["secretKeyRef"]
                assert reference["key"] in made.get(reference["name"], [reference["key"]])


def test_certificates_that_settings_name_are_mounted(values: Path) -> None:
    for role, manifest in workloads(values).items():
        pod = pod_of(manifest)
        (container,) = pod["containers"]
        files = set()
        for mount in container["volumeMounts"]:
            volume = next((each for each in pod["volumes"] if each["name"] == mount["name"]), {})
            source = volume.get("secret") or volume.get("configMap") or {}
            files |= {f"{mount['mountPath']}/{item['path']}" for item in source.get("items", [])}
        told = environment(values, container)
        named = {value for name, value in told.items() if name.startswith("CHATSNAPSHOT_") and name.endswith("_FILE")}
        assert named == files, role


def test_budgets_and_policies_select_the_pods_they_are_for(values: Path) -> None:
    for kind, selector in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        roles = set()
        for manifest in of_kind(values, kind):
            role = role_of(manifest)
            labels = workloads(values)[role]["spec"]["template"]["metadata"]["labels"]
            assert manifest["spec"][selector]["matchLabels"].items() <= labels.items()
            assert manifest["spec"][selector]["matchLabels"]["app.kubernetes.io/component"] == role
            roles.add(role)
        assert roles >= set(DAEMONS), kind


def test_the_network_is_closed_but_for_what_a_role_needs(values: Path) -> None:
    given = yaml.safe_load(values.read_text())
    kafka = {int(server.rpartition(":")[2]) for server in given["kafka"]["bootstrapServers"].split(",")}
    kafka = set(given.get("networkPolicy", {}).get("kafkaPorts", kafka))
    for manifest in of_kind(values, "NetworkPolicy"):
        spec = manifest["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        reached = {port["port"] for rule in spec["egress"] for port in rule["ports"]}
        assert {53} | kafka <= reached
        clickhouse = reached & {8123, 8443}
        assert bool(clickhouse) == (role_of(manifest) in ("sink", "read", "migrate"))
        opened = [port["port"] for rule in spec.get("ingress", []) for port in rule["ports"]]
        expected = {"ingest": ["http"], "read": ["http"], "migrate": []}
        assert opened == expected.get(role_of(manifest), ["metrics"])


def test_migrate_comes_before_everything_and_brings_what_it_needs(values: Path) -> None:
    job = workloads(values)["migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    weight = int(job["metadata"]["annotations"]["helm.sh/hook-weight"])
    (container,) = pod_of(job)["containers"]
    assert "envFrom" not in container, "the config map is not there yet"
    hooks = [each for each in rendered(values) if "helm.sh/hook" in each["metadata"].get("annotations", {})]
    earlier = {
        (each["kind"], each["metadata"]["name"])
        for each in hooks
        if int(each["metadata"]["annotations"]["helm.sh/hook-weight"]) < weight
    }
    made = {each["metadata"]["name"] for each in of_kind(values, "Secret")}
    for each in container["env"]:
        reference = each.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
        if reference in made:
            assert ("Secret", reference) in earlier


def test_blobs_are_in_one_place_that_outlives_pods(values: Path) -> None:
    places = set()
    for role in ("ingest", "read"):
        pod = pod_of(workloads(values)[role])
        (container,) = pod["containers"]
        url = environment(values, container)["CHATSNAPSHOT_BLOB_URL"]
        claims = [each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if each["name"] == "blobs"]
        assert url.startswith("file://") == bool(claims)
        assert not claims or url.removeprefix("file://") in {each["mountPath"] for each in container["volumeMounts"]}
        places.add((url, *claims))
    assert len(places) == 1


def test_services_and_ingress_lead_to_ports_that_are_open(values: Path) -> None:
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind(values, "Service")}
    for spec in services.values():
        role = spec["selector"]["app.kubernetes.io/component"]
        (container,) = pod_of(workloads(values)[role])["containers"]
        assert [each["targetPort"] for each in spec["ports"]] == [each["name"] for each in container["ports"]]
    for ingress in of_kind(values, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                assert service["port"]["name"] in {each["name"] for each in services[service["name"]]["ports"]}

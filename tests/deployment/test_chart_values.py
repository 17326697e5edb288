"""Values that do not fit are refused before anything is installed, and the refusal says what to give."""

from pathlib import Path

import pytest
import yaml

from tests.deployment.rendered_chart import CHART, VALUES, environment, of_kind, pod_of, rendered, template, workloads

MINIMAL = CHART / "ci" / "minimal-values.yaml"
ALL_OPTIONS = CHART / "ci" / "all-options-values.yaml"


def test_the_defaults_alone_name_everything_that_is_missing() -> None:
    done = template()
    assert done.returncode != 0
    for missing in ("kafka.bootstrapServers", "clickhouse.url", "api.key", "blobs.url"):
        assert f"- {missing}" in done.stderr or f"{missing}," in done.stderr or missing in done.stderr


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("kafka.bootstrapServers=kafka", "kafka"),
        ("kafka.securityProtocol=TLS", "one of"),
        ("kafka.securityProtocol=SASL_SSL", "give kafka.sasl.existingSecret"),
        ("kafka.sasl.existingSecret=user", "the password is not used"),
        ("kafka.tls.caSecret=ca", "set SSL or SASL_SSL"),
        ("clickhouse.tls.caSecret=ca", "clickhouse.url is not https"),
        ("clickhouse.url=clickhouse:8123", "clickhouse"),
        ("blobs.url=file:///tmp", "blobs"),
        ("blobs.url=s3://bucket", "keep one of them"),
        ("api.key=short", "api"),
        ("ingress.enabled=true", "ingress.ingestHost or ingress.readHost"),
        ("sequencer.replicas=9", "would stand idle"),
        ("sequencer.replica=2", "replica"),
        ("extraSettings.HOLD_S=3", "HOLD_S"),
        ("logLevel=trace", "logLevel"),
    ],
)
def test_a_value_that_does_not_fit(setting: str, complaint: str) -> None:
    done = template("-f", str(MINIMAL), "--set", setting)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_signing_key_is_mounted_for_the_sequencer_alone() -> None:
    for role, each in workloads(ALL_OPTIONS).items():
        pod = pod_of(each)
        secrets = [volume["secret"]["secretName"] for volume in pod.get("volumes", []) if "secret" in volume]
        assert ("ledger-signing" in secrets) == (role == "sequencer")
        names = {entry["name"] for entry in pod["containers"][0]["env"]}
        assert ("CHATSNAPSHOT_SIGNING_KEY_FILE" in names) == (role == "sequencer")


def test_hosts_of_ingest_and_read_differ() -> None:
    same = ["--set", "ingress.enabled=true,ingress.ingestHost=a.example,ingress.readHost=a.example"]
    done = template("-f", str(MINIMAL), *same)
    assert done.returncode != 0
    assert "a host of its own" in done.stderr


def test_ingest_alone_can_stay_at_the_older_image() -> None:
    images = {role: pod_of(each)["containers"][0]["image"] for role, each in workloads(ALL_OPTIONS).items()}
    assert images.pop("ingest") == "registry.example.com/chatsnapshot:0.0.9"
    assert len(set(images.values())) == 1
    assert "@sha256:" in images["sequencer"]


def test_an_autoscaler_owns_the_number_of_replicas() -> None:
    for role in ("ingest", "read"):
        assert "replicas" not in workloads(ALL_OPTIONS)[role]["spec"]
    targets = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(ALL_OPTIONS, "HorizontalPodAutoscaler")}
    assert targets == {"ledger-chatsnapshot-ingest", "ledger-chatsnapshot-read"}
    assert not list(of_kind(MINIMAL, "HorizontalPodAutoscaler", "ServiceMonitor", "Ingress"))


def test_the_scraper_of_http_roles_sends_the_key() -> None:
    for monitor in of_kind(ALL_OPTIONS, "ServiceMonitor"):
        (endpoint,) = monitor["spec"]["endpoints"]
        is_http = endpoint["port"] == "http"
        assert ("authorization" in endpoint) == is_http


def test_a_changed_password_rolls_the_pods(tmp_path: Path) -> None:
    values = yaml.safe_load(MINIMAL.read_text())
    values["api"]["key"] = "another-key-for-the-test"
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(values))

    def checksum(path: Path) -> str:
        annotations = workloads(path)["ingest"]["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/settings"])

    assert checksum(changed) != checksum(MINIMAL)


def test_long_names_stay_within_kubernetes_limits() -> None:
    done = template("-f", str(MINIMAL), "--set", f"fullnameOverride={'x' * 80}")
    assert done.returncode == 0, done.stderr
    for manifest in yaml.safe_load_all(done.stdout):
        assert len(manifest["metadata"]["name"]) <= 52


def test_every_value_is_in_the_schema_and_the_readme() -> None:
    readme = (CHART / "README.md").read_text()
    for key in yaml.safe_load((CHART / "values.yaml").read_text()):
        assert f"`{key}" in readme, key


def test_there_is_something_to_validate() -> None:
    assert len(VALUES) >= 4
    assert all(rendered(values) for values in VALUES)


def test_a_role_can_have_an_account_of_its_own() -> None:
    external = CHART / "ci" / "external-secrets-values.yaml"
    used = {}
    for role, manifest in workloads(external).items():
        told = environment(external, pod_of(manifest)["containers"][0])
        used[role] = (
            told["CHATSNAPSHOT_KAFKA_PASSWORD"]["secretKeyRef"],
            told["CHATSNAPSHOT_CLICKHOUSE_USER"],
            told["CHATSNAPSHOT_CLICKHOUSE_PASSWORD"]["secretKeyRef"]["name"],
        )
    assert used["sink"] == ({"name": "kafka-sink", "key": "scram"}, "default", "clickhouse-user")
    assert used["read"] == ({"name": "kafka-read", "key": "scram"}, "reader", "clickhouse-reader")
    assert used["migrate"] == ({"name": "kafka-migrate", "key": "scram"}, "owner", "clickhouse-owner")


def test_no_variable_is_told_twice() -> None:
    for values in VALUES:
        for role, manifest in workloads(values).items():
            names = [each["name"] for each in pod_of(manifest)["containers"][0].get("env", [])]
            assert len(names) == len(set(names)), (values.name, role)

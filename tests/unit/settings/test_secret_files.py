"""Secrets from files, and files that settings name."""

from pathlib import Path

import pytest

from chatsnapshot.secret_files import SECRET_BYTES_MAX, SECRETS
from chatsnapshot.settings import CLICKHOUSE_SECURITY, KAFKA_SECURITY, Settings
from chatsnapshot_schemas.errors import ConfigurationError


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHATSNAPSHOT_{name.upper()}", raising=False)


@pytest.mark.parametrize("secret", SECRETS)
def test_each_secret_may_be_in_a_file(secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(" pass word\n")
    monkeypatch.setenv(f"CHATSNAPSHOT_{secret.upper()}_FILE", str(file))
    settings = Settings()
    assert getattr(settings, secret) == " pass word"
    assert "pass word" not in repr(settings)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * (SECRET_BYTES_MAX + 1), "larger")],
)
def test_a_file_that_is_no_secret_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"CHATSNAPSHOT_KAFKA_PASSWORD_FILE: .*{said}"):
        Settings(kafka_password_file=file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"CHATSNAPSHOT_API_KEY_FILE: there is no file .*nowhere"):
        Settings(api_key_file=tmp_path / "nowhere")


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a")
    with pytest.raises(ConfigurationError, match="both set"):
        Settings(clickhouse_password="b", clickhouse_password_file=tmp_path / "secret")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files and charts pass on what nobody set."""
    for name in (*KAFKA_SECURITY, *CLICKHOUSE_SECURITY, "kafka_bootstrap_servers"):
        monkeypatch.setenv(f"CHATSNAPSHOT_{name.upper()}", "")
    settings = Settings()
    assert settings.kafka() is None
    assert settings.clickhouse_user == "default"


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    kafka = Settings(kafka_bootstrap_servers="b:1", kafka_security_protocol="SSL", kafka_ca_file=missing)
    with pytest.raises(ConfigurationError, match=r"CHATSNAPSHOT_KAFKA_CA_FILE: there is no file"):
        kafka.kafka()
    clickhouse = Settings(clickhouse_url="https://c", clickhouse_ca_file=missing)
    with pytest.raises(ConfigurationError, match=r"CHATSNAPSHOT_CLICKHOUSE_CA_FILE: there is no file"):
        clickhouse.clickhouse()
    missing.write_text("not a certificate")
    with pytest.raises(ConfigurationError, match=r"certificates for Kafka cannot be used .*CHATSNAPSHOT_KAFKA_CA_FILE"):
        kafka.kafka()


def test_every_security_setting_reaches_the_connection(tmp_path: Path) -> None:
    from tests.fixtures.certificates import Authority

    own = Authority(tmp_path, "ca").sign("me", password="key-password")
    settings = Settings(
        kafka_bootstrap_servers="b:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-256",
        kafka_username="sink",
        kafka_password="password",
        kafka_ca_file=tmp_path / "ca.pem",
        kafka_certificate_file=own.certificate,
        kafka_key_file=own.key,
        kafka_key_password="key-password",
        kafka_verify_hostname=False,
    )
    connection = settings.kafka()
    assert connection is not None
    assert connection.model_dump() == {
        "bootstrap_servers": "b:9093",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "username": "sink",
        "password": "password",
        "ca_file": str(tmp_path / "ca.pem"),
        "certificate_file": str(own.certificate),
        "key_file": str(own.key),
        "key_password": "key-password",
        "verify_hostname": False,
    }

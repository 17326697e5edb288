"""One connection, said to librdkafka, to Python's ssl module and to clickhouse-connect."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection
from chatsnapshot_schemas.errors import ConfigurationError
from tests.fixtures.certificates import Authority

SASL: dict[str, Any] = {"security_protocol": "SASL_SSL", "username": "sink", "password": "secret"}


def kafka(**settings: Any) -> KafkaConnection:
    return KafkaConnection(bootstrap_servers="b:9092", **settings)


def told(connection: KafkaConnection) -> dict[str, Any]:
    """What librdkafka is told about security."""
    config = connection.client_config()
    return {name: value for name, value in config.items() if name.startswith(("security", "sasl", "ssl"))}


def test_plain_text_says_nothing_more() -> None:
    assert told(kafka()) == {"security.protocol": "PLAINTEXT"}
    assert kafka().ssl_context() is None


def test_sasl_over_tls() -> None:
    connection = kafka(**SASL, ca_file="/ca.pem")
    assert told(connection) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "sink",
        "sasl.password": "secret",
        "ssl.ca.location": "/ca.pem",
        "ssl.endpoint.identification.algorithm": "https",
    }
    assert told(kafka(**SASL, sasl_mechanism="PLAIN"))["sasl.mechanism"] == "PLAIN"
    assert connection.principal == "User:sink"


def test_a_client_certificate() -> None:
    files = {"certificate_file": "/c.pem", "key_file": "/k.pem", "key_password": "p"}
    config = told(kafka(security_protocol="SSL", **files))
    assert config["ssl.certificate.location"] == "/c.pem"
    assert config["ssl.key.location"] == "/k.pem"
    assert config["ssl.key.password"] == "p"


def test_host_names_are_verified_unless_told_otherwise(tmp_path: Path) -> None:
    ca_file = str(Authority(tmp_path, "ca").file)
    strict = kafka(**SASL, ca_file=ca_file).ssl_context()
    assert strict is not None
    assert (strict.check_hostname, strict.verify_mode) == (True, ssl.CERT_REQUIRED)
    lenient = kafka(**SASL, ca_file=ca_file, verify_hostname=False)
    context = lenient.ssl_context()
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_REQUIRED)
    assert told(lenient)["ssl.endpoint.identification.algorithm"] == "none"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"security_protocol": "SASL_SSL"}, "KAFKA_USERNAME and CHATSNAPSHOT_KAFKA_PASSWORD"),
        ({"security_protocol": "SASL_SSL", "username": "u"}, "KAFKA_PASSWORD"),
        ({"username": "u", "password": "p"}, "KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        ({"security_protocol": "SSL", "password": "p"}, "KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        ({"ca_file": "/ca.pem"}, "KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL"),
        ({"security_protocol": "SSL", "certificate_file": "/c.pem"}, "KAFKA_KEY_FILE"),
        ({"security_protocol": "SSL", "key_file": "/k.pem"}, "KAFKA_CERTIFICATE_FILE"),
    ],
)
def test_what_does_not_fit_together_is_refused(settings: dict[str, Any], said: str) -> None:
    """A password beside PLAINTEXT above all: it would connect, unencrypted and as nobody."""
    with pytest.raises(ConfigurationError, match=said):
        kafka(**settings)


def test_certificates_that_cannot_be_used_name_the_settings(tmp_path: Path) -> None:
    own = Authority(tmp_path, "ca").sign("me", password="right")
    files = {"certificate_file": str(own.certificate), "key_file": str(own.key)}
    assert kafka(security_protocol="SSL", **files, key_password="right").ssl_context()
    for password in ("wrong", None):  # without one, OpenSSL must not ask on the terminal
        with pytest.raises(ConfigurationError, match="CHATSNAPSHOT_KAFKA_KEY_PASSWORD"):
            kafka(security_protocol="SSL", **files, key_password=password).ssl_context()
    with pytest.raises(ConfigurationError, match="CHATSNAPSHOT_KAFKA_CA_FILE"):
        kafka(security_protocol="SSL", ca_file=str(own.key)).ssl_context()


def test_secrets_are_not_shown() -> None:
    shown = repr(kafka(**SASL)) + repr(ClickHouseConnection(url="http://c:8123", password="secret"))
    assert "secret" not in shown


def test_clickhouse_over_https_says_so_whatever_the_port() -> None:
    options = ClickHouseConnection(url="https://c:9440", user="u", password="p", ca_file="/ca.pem").client_options()
    assert (options["interface"], options["ca_cert"]) == ("https", "/ca.pem")
    assert "tls_mode" not in options
    assert ClickHouseConnection(url="http://c:8443").client_options()["interface"] == "http"


def test_a_certificate_for_clickhouse_stands_beside_a_password_or_for_it() -> None:
    files = {"certificate_file": "/c.pem", "key_file": "/k.pem"}
    assert ClickHouseConnection(url="https://c", password="p", **files).client_options()["tls_mode"] == "strict"
    assert ClickHouseConnection(url="https://c", **files).client_options()["tls_mode"] == "mutual"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://c", "http://c:8123"),
        ("https://c", "https://c:8443"),
        ("https://c:443/", "https://c:443"),
        ("http://[::1]:8123", "http://[::1]:8123"),
        ("https://proxy/clickhouse/", "https://proxy:8443/clickhouse"),
    ],
)
def test_the_address_of_clickhouse(url: str, address: str) -> None:
    assert ClickHouseConnection(url=url).address == address


def test_certificates_for_clickhouse_need_https() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        ClickHouseConnection(url="http://c:8123", ca_file="/ca.pem")
    with pytest.raises(ConfigurationError, match="CLICKHOUSE_KEY_FILE"):
        ClickHouseConnection(url="https://c", certificate_file="/c.pem")

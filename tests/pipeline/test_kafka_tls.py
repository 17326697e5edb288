"""One connection, two clients: librdkafka and aiokafka let themselves in, or not, by the same settings."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from confluent_kafka.admin import ScramMechanism
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from chatsnapshot_processors.faust_credentials import faust_credentials
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import AccessRefused, BrokerUnavailable, ChatSnapshotError, ConfigurationError
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from tests.fixtures.certificates import Authority
from tests.fixtures.secured_kafka import ADMIN, SecuredKafka, password_of

ANSWER_WITHIN_S = 5.0
Connects = Callable[[KafkaConnection], None]


def with_librdkafka(kafka: KafkaConnection) -> None:
    assert ListeningAdmin(kafka).metadata(ANSWER_WITHIN_S).brokers


def with_aiokafka(kafka: KafkaConnection) -> None:
    """Through Faust's credentials, as the sequencer does. Raises BrokerUnavailable for whatever it says."""
    security = credentials_to_aiokafka_auth(faust_credentials(kafka), None)

    async def connect() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap_servers, request_timeout_ms=5_000, **security)
        try:
            await client.bootstrap()
        finally:
            await client.close()

    try:
        asyncio.run(connect())
    except KafkaError as error:
        raise BrokerUnavailable(str(error)) from error


@pytest.fixture(params=[with_librdkafka, with_aiokafka], ids=["librdkafka", "aiokafka"])
def connects(request: pytest.FixtureRequest) -> Connects:
    chosen: Connects = request.param
    return chosen


def changed(kafka: KafkaConnection, **settings: object) -> KafkaConnection:
    return KafkaConnection(**(kafka.model_dump() | settings))


def named(servers: str) -> str:
    """The same broker by a name that is not in its certificate."""
    return servers.replace("127.0.0.1", "localhost")


def test_tls_and_scram(secured_kafka: SecuredKafka, connects: Connects) -> None:
    connects(secured_kafka.connection(ADMIN))


def test_the_default_mechanism(secured_kafka: SecuredKafka, connects: Connects) -> None:
    user = f"u{uuid.uuid4().hex[:8]}"
    secured_kafka.add_users([user], ScramMechanism.SCRAM_SHA_512)
    connects(changed(secured_kafka.connection(user), sasl_mechanism=None))


def test_a_wrong_password_is_refused(secured_kafka: SecuredKafka, connects: Connects) -> None:
    with pytest.raises((AccessRefused, BrokerUnavailable)):
        connects(secured_kafka.connection(ADMIN, password="wrong"))


def test_an_unknown_authority_is_not_trusted(secured_kafka: SecuredKafka, connects: Connects, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    with pytest.raises((AccessRefused, BrokerUnavailable)):
        connects(secured_kafka.connection(ADMIN, ca_file=stranger.file))


def test_another_host_name_is_not_trusted_unless_told_so(secured_kafka: SecuredKafka, connects: Connects) -> None:
    kafka = secured_kafka.connection(ADMIN)
    elsewhere = changed(kafka, bootstrap_servers=named(kafka.bootstrap_servers))
    with pytest.raises((AccessRefused, BrokerUnavailable)):
        connects(elsewhere)
    connects(changed(elsewhere, verify_hostname=False))


def test_a_client_certificate_with_an_encrypted_key(
    secured_kafka: SecuredKafka, connects: Connects, tmp_path: Path
) -> None:
    own = secured_kafka.authority.sign(f"c{uuid.uuid4().hex[:8]}", password="for-the-key")
    kafka = KafkaConnection(
        bootstrap_servers=secured_kafka.mutual_servers,
        security_protocol="SSL",
        ca_file=str(secured_kafka.authority.file),
        certificate_file=str(own.certificate),
        key_file=str(own.key),
        key_password="for-the-key",
    )
    connects(kafka)
    with pytest.raises((AccessRefused, BrokerUnavailable)):
        connects(changed(kafka, certificate_file=None, key_file=None))
    stranger = Authority(tmp_path, "stranger").sign("stranger")
    with pytest.raises((AccessRefused, BrokerUnavailable)):
        connects(changed(kafka, certificate_file=str(stranger.certificate), key_file=str(stranger.key)))
    with pytest.raises(ConfigurationError, match="CHATSNAPSHOT_KAFKA_KEY_PASSWORD"):
        connects(changed(kafka, key_password="wrong"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"password": "wrong"}, f"does not let User:{ADMIN} in .*SCRAM-SHA-256.*CHATSNAPSHOT_KAFKA_PASSWORD"),
        ({"sasl_mechanism": "PLAIN"}, f"does not let User:{ADMIN} in .*supported mechanisms.*KAFKA_SASL_MECHANISM"),
        ({"ca_file": "STRANGER"}, "no trusted connection .*certificate verify failed.*CHATSNAPSHOT_KAFKA_CA_FILE"),
        (
            {"security_protocol": "PLAINTEXT", "sasl_mechanism": None, "username": None, "password": None},
            "does not answer as PLAINTEXT .*CHATSNAPSHOT_KAFKA_SECURITY_PROTOCOL",
        ),
    ],
)
def test_the_error_names_the_setting(
    secured_kafka: SecuredKafka, tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    right = secured_kafka.connection(ADMIN)
    if settings.get("ca_file"):
        settings = {"ca_file": str(Authority(tmp_path, "stranger").file)}
    elif "security_protocol" in settings:
        settings = settings | {"ca_file": None}
    with pytest.raises(ChatSnapshotError, match=said) as raised:
        ListeningAdmin(changed(right, **settings)).metadata(ANSWER_WITHIN_S)
    assert password_of(ADMIN) not in str(raised.value)
    assert "\n" not in str(raised.value)

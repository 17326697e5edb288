"""What a refusal means, and when it is told."""

from typing import Any

import pytest

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import AccessRefused, BrokerUnavailable
from chatsnapshot_schemas.kafka_access import Access, HeardErrors, denied, refusal, unreachable, wait_for_answer
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from chatsnapshot_schemas.kafka_rights import require_access

KAFKA = KafkaConnection(bootstrap_servers="b:9093", security_protocol="SASL_SSL", username="sink", password="secret")


class Said:
    """As a `confluent_kafka.KafkaError`."""

    def __init__(self, name: str, text: str = "text") -> None:
        self._name, self._text = name, text

    def name(self) -> str:
        return self._name

    def str(self) -> str:
        return self._text


WRONG_PASSWORD = Said("_AUTHENTICATION", "invalid credentials")
ALL_DOWN = Said("_ALL_BROKERS_DOWN", "1/1 brokers are down")
GONE = Said("_TRANSPORT", "Connection refused")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (WRONG_PASSWORD, "does not let User:sink in"),
        (Said("SASL_AUTHENTICATION_FAILED"), "does not let User:sink in"),
        (Said("UNSUPPORTED_SASL_MECHANISM"), "CHATSNAPSHOT_KAFKA_SASL_MECHANISM"),
        (Said("_SSL", "certificate verify failed"), "no trusted connection"),
        (Said("_TRANSPORT", "tlsv13 alert certificate required"), "CHATSNAPSHOT_KAFKA_CERTIFICATE_FILE"),
        (Said("TOPIC_AUTHORIZATION_FAILED"), "denies User:sink"),
        (Said("GROUP_AUTHORIZATION_FAILED"), "denies User:sink"),
        (Said("CLUSTER_AUTHORIZATION_FAILED"), "denies User:sink"),
        (Said("TRANSACTIONAL_ID_AUTHORIZATION_FAILED"), "denies User:sink"),
    ],
)
def test_a_refusal_says_who_and_what_to_do(said: Said, meant: str) -> None:
    refused = refusal(KAFKA, said)
    assert refused is not None
    assert meant in str(refused)
    assert "secret" not in str(refused)


@pytest.mark.parametrize("said", [GONE, ALL_DOWN, Said("_SSL", "Disconnected"), Said("NOT_COORDINATOR")])
def test_what_may_pass_is_no_refusal(said: Said) -> None:
    assert refusal(KAFKA, said) is None


def test_the_missing_acl_is_a_command() -> None:
    transactions = Access("Write", "transactional-id", "acme-sequencer-", prefixed=True)
    said = str(denied(KAFKA, [Access("Read", "topic", "acme.ledger"), transactions]))
    assert "denies User:sink Read of topic acme.ledger, Write of transactional-id acme-sequencer-;" in said
    assert "--allow-principal User:sink --operation Read --topic acme.ledger;" in said
    assert "--transactional-id acme-sequencer- --resource-pattern-type prefixed;" in said


def test_what_was_heard_says_more_than_all_brokers_down() -> None:
    heard = HeardErrors(KAFKA)
    heard(ALL_DOWN)
    assert heard.last == "1/1 brokers are down"
    heard(GONE)
    heard(ALL_DOWN)
    error = heard.unavailable("timed out")
    assert isinstance(error, BrokerUnavailable)
    assert "does not answer as SASL_SSL (Connection refused)" in str(error)
    heard(WRONG_PASSWORD)
    heard(GONE)
    assert isinstance(heard.unavailable("timed out"), AccessRefused)


def test_nothing_heard_is_a_time_out() -> None:
    assert "(timed out)" in str(unreachable(KAFKA, ""))


class Deaf:
    """A client that gets no answer and hears something each time it is polled."""

    def __init__(self, heard: HeardErrors, says: Said) -> None:
        self._heard, self._says, self.asked = heard, says, 0

    def list_topics(self, *_: Any, **__: Any) -> Any:
        from confluent_kafka import KafkaError, KafkaException

        self.asked += 1
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    def poll(self, timeout: float = 0) -> Any:
        self._heard(self._says)


def test_a_refusal_ends_the_wait_at_once_and_an_old_one_is_forgotten() -> None:
    heard = HeardErrors(KAFKA)
    refused = Deaf(heard, WRONG_PASSWORD)
    with pytest.raises(AccessRefused):
        wait_for_answer(refused, heard, within_s=1_000)
    assert refused.asked == 1
    with pytest.raises(BrokerUnavailable):  # the password was mended since; now the broker is away
        wait_for_answer(Deaf(heard, GONE), heard, within_s=0)


def test_a_broker_without_acls_allows_everything(kafka_bootstrap: str) -> None:
    admin = ListeningAdmin(KafkaConnection(bootstrap_servers=kafka_bootstrap))
    wanted = [
        Access("Read", "topic", "a-topic-that-is-not-there"),
        Access("Read", "topic", "__consumer_offsets"),
        Access("Write", "topic", "__consumer_offsets"),
        Access("DescribeConfigs", "topic", "__consumer_offsets"),
        Access("Read", "group", "a-group-that-is-not-there"),
    ]
    require_access(admin, wanted)

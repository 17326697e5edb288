"""An admin client that lasts: replaced after a question that was not answered, and only then."""

from contextlib import suppress

import pytest
from confluent_kafka import KafkaError, KafkaException

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError, TopicMismatch
from chatsnapshot_schemas.kafka_admin import LastingAdmin, ListeningAdmin

NOBODY = KafkaConnection(bootstrap_servers="127.0.0.1:1")


def asked(lasting: LastingAdmin, error: Exception | None = None) -> ListeningAdmin:
    """The client that was given for a question, which fails by `error`."""
    with suppress(ChatSnapshotError, KafkaException), lasting.asked() as admin:
        if error is not None:
            raise error
    return admin


@pytest.mark.parametrize("error", [None, TopicMismatch("another topic")])
def test_an_answer_keeps_the_client(error: Exception | None) -> None:
    lasting = LastingAdmin(NOBODY)
    assert asked(lasting, error) is asked(lasting)


@pytest.mark.parametrize("error", [BrokerUnavailable("away"), KafkaException(KafkaError(KafkaError._TIMED_OUT))])
def test_the_next_question_after_silence_goes_to_a_new_client(error: Exception) -> None:
    lasting = LastingAdmin(NOBODY)
    first = asked(lasting, error)
    second = asked(lasting)
    assert second is not first
    assert asked(lasting) is second


def test_who_heard_silence_of_the_client_before_keeps_the_present_one() -> None:
    lasting = LastingAdmin(NOBODY)
    late = lasting.asked()
    late.__enter__()
    asked(lasting, BrokerUnavailable("away"))
    present, silence = asked(lasting), BrokerUnavailable("away")
    assert not late.__exit__(BrokerUnavailable, silence, None)
    assert asked(lasting) is present

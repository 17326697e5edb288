"""What a client's error means for its lane."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from chatsnapshot_processors.lane_producer import FailureKind, failure_kind


def client_error(code: int) -> KafkaException:
    return KafkaException(KafkaError(code))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError._FENCED, FailureKind.FENCED),
        (KafkaError.ILLEGAL_GENERATION, FailureKind.STALE_MEMBERSHIP),
        (KafkaError._TIMED_OUT, FailureKind.KAFKA),
    ],
)
def test_it_follows_from_the_code(code: int, kind: FailureKind) -> None:
    assert failure_kind(client_error(code)) is kind


def test_what_a_callback_hid_counts() -> None:
    """As the client raises it when it is fenced while it serves delivery reports."""
    hidden: Any = SystemError("<method 'append' of 'list' objects> returned a result with an exception set")
    hidden.__cause__ = client_error(KafkaError._FENCED)
    assert failure_kind(hidden) is FailureKind.FENCED
    assert failure_kind(SystemError("of its own")) is FailureKind.OTHER

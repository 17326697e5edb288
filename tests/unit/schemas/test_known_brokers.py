import json

import pytest

from chatsnapshot_schemas.errors import BrokerUnavailable
from chatsnapshot_schemas.known_brokers import EMPTY_REPORTS_MAX, KnownBrokers


def report(*sources: str) -> str:
    return json.dumps({"brokers": {str(at): {"source": source} for at, source in enumerate(sources)}})


FORGOTTEN = report("logical", "internal")


@pytest.mark.parametrize("source", ["configured", "learned"])
def test_one_address_is_enough(source: str) -> None:
    brokers = KnownBrokers()
    for _ in range(EMPTY_REPORTS_MAX - 1):
        brokers.hear(FORGOTTEN)
    brokers.hear(report("logical", source))
    for _ in range(EMPTY_REPORTS_MAX - 1):
        brokers.hear(FORGOTTEN)
    brokers.check()


@pytest.mark.parametrize("said", [FORGOTTEN, report(), "{}"])
def test_no_address_for_several_reports(said: str) -> None:
    brokers = KnownBrokers()
    for _ in range(EMPTY_REPORTS_MAX):
        brokers.check()
        brokers.hear(said)
    with pytest.raises(BrokerUnavailable, match="forgotten every broker"):
        brokers.check()

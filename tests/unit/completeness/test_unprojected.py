"""Records that the sink has yet to do, read from the topic itself."""

from collections.abc import Iterator
from typing import Any

import pytest

from chatsnapshot.completeness import unprojected
from chatsnapshot.completeness.reconciliation import Source
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.completeness.stages import Behind, Stage
from chatsnapshot.completeness.unprojected import unprojected_numbers
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values, message

KAFKA = KafkaConnection(bootstrap_servers="127.0.0.1:1")
VALUES = [value for _, value in ledger_values(9, runs=1)]
"""Every third has a source number: 0, 3, 6."""


def read(*_: Any) -> Iterator[Any]:
    yield from (message(offset, value) for offset, value in enumerate(VALUES))


@pytest.mark.parametrize(("bound", "numbers", "unread"), [(100, 3, 0), (4, 2, 14)])
def test_so_many_are_read_and_of_the_rest_the_count_is_said(
    monkeypatch: pytest.MonkeyPatch, bound: int, numbers: int, unread: int
) -> None:
    monkeypatch.setattr(unprojected, "UNPROJECTED_MAX", bound)
    monkeypatch.setattr(unprojected, "read_partition", read)
    behind = Behind(Stage("sink", "ledger", "the sink has not"), left=2 * len(VALUES), done={0: 0, 1: 0})
    found = unprojected_numbers(KAFKA, behind, Framing(), Scope())
    (whole,) = found.numbers
    assert whole == Source("default", "i1", "run-0-0")
    assert sum(last - first + 1 for first, last in found.numbers[whole]) == numbers
    assert found.unread == unread

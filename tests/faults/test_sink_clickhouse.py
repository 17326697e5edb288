"""ClickHouse that refuses, is slow, or whose connections break in the middle of an insert; every projection is live."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.clickhouse_proxy import ClickHouseProxy, Harm
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually

pytestmark = pytest.mark.usefixtures("unmerged")

EVENTS = 1_200
FIRST = 2
"""Inserts that pass before: tables without a part never have too many."""
ATTEMPTS = 3
"""Inserts that are harmed one after the other; the sink's pauses double from a quarter of a second."""
SINK = {"batch_records": 300}
REAL_REFUSALS = {
    "164": {"readonly": "1"},
    "241": {"max_memory_usage": "1000000", "max_untracked_memory": "1"},
    "243": {"min_free_disk_bytes_to_perform_insert": "1000000000000000"},
    "252": {"parts_to_throw_insert": "1", "parts_to_delay_insert": "1"},
}
"""ClickHouse's code, and settings under which the real engine answers so: read-only, out of memory, disk full, too many
parts."""


@contextmanager
def sinking(lab: Lab, proxy: ClickHouseProxy, **config: float) -> Iterator[None]:
    """A sequencer and a sink behind the proxy, ended in order."""
    with lab.sequencer().running() as sequencer:
        sink = lab.sink(url=proxy.url, config={**SINK, **config}).start()
        yield
        assert sink.stop() == 0, sink.said()
        assert sequencer.stop() == 0, sequencer.said()


def harmed(lab: Lab, proxy: ClickHouseProxy, harm: Harm, **config: float) -> None:
    """Send under harm that ends by itself; every insert that was repeated was repeated byte for byte."""
    proxy.on_insert = lambda before: proxy.do(harm, ATTEMPTS) if before == FIRST else None
    with sinking(lab, proxy, **config):
        lab.send(lab.workload().inputs(EVENTS))
        lab.settle()
    bodies = dict(proxy.inserts)
    assert len(proxy.inserts) > len(bodies), "nothing was repeated"
    assert all(bodies[token] == body for token, body in proxy.inserts), "another body under the same token"
    examine(lab, without_final=True)


@pytest.mark.parametrize("harm", ["cut_request", pytest.param("cut_answer", marks=pytest.mark.slow_fault)])
def test_connection_cut_in_the_middle(lab: Lab, harm: Harm) -> None:
    """Of the body, or of the answer: then the rows are in."""
    with ClickHouseProxy(lab.url) as proxy:
        harmed(lab, proxy, harm)


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=[] if code == "241" else pytest.mark.slow_fault) for code in REAL_REFUSALS]
)
def test_clickhouse_refuses_for_a_while(lab: Lab, code: str) -> None:
    with ClickHouseProxy(lab.url, settings=REAL_REFUSALS[code]) as proxy:
        harmed(lab, proxy, "settings")
        assert proxy.codes == {code}, proxy.answers


def test_answers_come_after_the_client_gave_up(lab: Lab) -> None:
    """The rows are in, the client does not know; two attempts of the same insert overlap in the server."""
    with ClickHouseProxy(lab.url, delay_s=3.0) as proxy:
        harmed(lab, proxy, "late", insert_timeout_s=1.5)


@pytest.mark.slow_fault
def test_slow_clickhouse_gets_the_insert_after_the_client_gave_up(lab: Lab) -> None:
    with ClickHouseProxy(lab.url, delay_s=3.0) as proxy:
        harmed(lab, proxy, "slow", insert_timeout_s=1.5)


@pytest.mark.slow_fault
def test_harm_drawn_at_random_for_every_insert(lab: Lab) -> None:
    """Ten harms after each other, as they come. Code 242 comes only from replicated tables, so the proxy says it."""
    harms: tuple[Harm, ...] = ("cut_request", "cut_answer", "swallow", "late", "slow", "refuse", "settings")
    drawn = [lab.choices.choice(harms) for _ in range(10)]
    with ClickHouseProxy(lab.url, refused_code=242, delay_s=2.0, settings=REAL_REFUSALS["241"]) as proxy:
        proxy.on_insert = lambda before: proxy.do(drawn[before]) if before < len(drawn) else proxy.heal()
        with sinking(lab, proxy, insert_timeout_s=1.0):
            lab.send(lab.workload().inputs(EVENTS))
            eventually(lambda: len(proxy.inserts) > len(drawn) or None)
            lab.settle()
    examine(lab, without_final=True)

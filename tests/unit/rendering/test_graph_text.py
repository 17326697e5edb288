"""The graph as a tree: every node once, under what it belongs to or what caused it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from chatsnapshot.rendering.graph_text import NODES_MAX, graph_renderable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Node:
    node_id: str
    first_sequence_no: int
    name: str = ""
    kind: str = "task"
    status: str = "completed"
    agent: str = ""
    outcome: str = ""
    started_at: datetime = NOW
    ended_at: datetime | None = NOW
    first_event_id: str = ""


@dataclass
class Edge:
    from_node: str
    to_node: str
    kind: str = "cause"
    from_event_id: str = "e"
    resolved: bool = True


def text_of(nodes: list[Node], edges: list[Edge]) -> list[str]:
    out = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    out.print(graph_renderable(nodes, edges))
    return out.export_text().splitlines()


def test_a_parent_is_stronger_than_a_cause_and_further_edges_are_named() -> None:
    nodes = [Node("a", 1, "one"), Node("b", 2, "two"), Node("c", 3, "three")]
    edges = [Edge("b", "c"), Edge("a", "c", "parent"), Edge("a", "b"), Edge("b", "c", "depends_on")]
    lines = text_of(nodes, edges)
    assert lines[1].startswith("└── ✓ task one")
    assert [line.index("task") for line in lines[2:]] == [lines[2].index("task")] * 2
    assert "after two #2" in lines[3]
    assert "caused by two #2" in lines[3]


def test_events_that_cause_each_other_do_not_end_in_a_loop() -> None:
    lines = text_of([Node("a", 1, "one"), Node("b", 2, "two")], [Edge("a", "b"), Edge("b", "a"), Edge("a", "a")])
    assert len(lines) == 3


def test_a_missing_cause_is_named() -> None:
    (_, line) = text_of([Node("a", 1, "one")], [Edge("", "a", from_event_id="gone", resolved=False)])
    assert "caused by gone (not recorded)" in line


def test_a_large_graph_is_cut_and_says_so() -> None:
    lines = text_of([Node(str(n), n, f"n{n}") for n in range(NODES_MAX + 5)], [])
    assert "5 more nodes" in lines[-1]

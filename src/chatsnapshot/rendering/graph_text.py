"""A run's workflow graph as a tree: every node stands under what it belongs to or what caused it.

A graph is more than a tree: further edges (a second cause, a dependency, a handoff) are named behind the node.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from chatsnapshot.rendering.bookkeeping import BOOKKEEPING
from chatsnapshot.rendering.printable import count_text, duration_text, one_line

NODES_MAX = 300
"""A terminal is not the place for more; the JSON form has them all."""
SPANNING = ("parent", "cause", "caused_by")
"""Kinds of edges that put a node under another one, the strongest first."""
NAMED = {"depends_on": "after", "handoff": "handed over by", "caused_by": "also caused by", "cause": "caused by"}
SYMBOLS = {"completed": ("✓", "green"), "failed": ("✗", "red"), "cancelled": ("✗", "red"), "skipped": ("–", "dim")}


def graph_renderable(nodes: list[Any], edges: Iterable[Any], items: Iterable[Any] = ()) -> RenderableType:
    """The tree (rows of `workflow_nodes` and `workflow_edges`; what `items` say names the nodes without a name)."""
    said = {item.event_id: item.content_text or item.reasoning_text for item in items}
    nodes = [node for node in nodes if node.kind not in BOOKKEEPING]
    shown = {node.node_id: node for node in nodes[:NODES_MAX]}
    incoming: dict[str, list[Any]] = defaultdict(list)
    for edge in edges:
        if edge.to_node in shown and edge.from_node != edge.to_node:
            incoming[edge.to_node].append(edge)
    parents = {node_id: _parent(node, incoming[node_id], shown) for node_id, node in shown.items()}
    root = Tree(Text("Graph", "bold"), guide_style="dim")
    branches: dict[str, Tree] = {}
    for node_id, node in shown.items():  # in ledger order: what a node stands under is there before it
        parent = parents[node_id]
        name = node.name or said.get(node.first_event_id, "")
        label = _label(node, name, _further(node, parent, incoming[node_id], shown), shown)
        branches[node_id] = branches.get(parent or "", root).add(label)
    if len(nodes) > NODES_MAX:
        root.add(Text(f"… {count_text(len(nodes) - NODES_MAX, 'more node')}", "dim"))
    return root


def _parent(node: Any, incoming: list[Any], shown: dict[str, Any]) -> str | None:
    for kind in SPANNING:
        for edge in incoming:
            above = shown.get(edge.from_node)
            if edge.kind == kind and above is not None and _before(above, node):
                return str(edge.from_node)
    return None


def _further(node: Any, parent: str | None, incoming: list[Any], shown: dict[str, Any]) -> list[Any]:
    """Edges beside the one to the parent; not those into a node's end, which name what the node itself led to."""
    others = [edge for edge in incoming if edge.from_node != parent]
    return [edge for edge in others if (above := shown.get(edge.from_node)) is None or _before(above, node)]


def _before(above: Any, node: Any) -> bool:
    return (above.first_sequence_no, above.node_id) < (node.first_sequence_no, node.node_id)


def _label(node: Any, name: str, others: list[Any], shown: dict[str, Any]) -> Text:
    symbol, style = SYMBOLS.get(node.status, ("●", "blue") if node.status != "recorded" else ("·", "dim"))
    text = Text.assemble(
        (f"{symbol} ", style), (f"{node.kind.replace('_', ' ')} ", "dim"), (one_line(name, 60), "bold")
    )
    if node.agent and node.agent != node.name:
        text.append(f"  {one_line(node.agent, 30)}", "cyan")
    if node.outcome:
        text.append(f"  {one_line(node.outcome, 20)}")
    if node.ended_at is not None and node.ended_at > node.started_at:
        text.append(f"  {duration_text(node.started_at, node.ended_at)}", "dim")
    text.append(f"  #{node.first_sequence_no}", "dim")
    for kind, phrase in NAMED.items():
        names = [_name(edge, shown) for edge in others if edge.kind == kind]
        if names:
            text.append(f"  {phrase} {', '.join(dict.fromkeys(names))}", "dim italic")
    return text


def _name(edge: Any, shown: dict[str, Any]) -> str:
    node = shown.get(edge.from_node)
    if node is None:
        return one_line(str(edge.from_event_id or edge.from_node), 40) + ("" if edge.resolved else " (not recorded)")
    return f"{one_line(node.name, 30) or node.kind} #{node.first_sequence_no}"

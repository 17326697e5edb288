"""Items that a runtime keeps its books with: in every JSON form, not in what a person reads."""

BOOKKEEPING = frozenset({"usage", "tool_calls", "tool_results"})
"""Kinds: usage is in the cost, the batch markers say what the calls and results say themselves."""

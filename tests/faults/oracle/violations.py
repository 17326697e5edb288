"""What the oracle can find wrong, by the number of the check."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

CHECKS = {
    1: "every acknowledged input is in exactly one place",
    2: "numbers of a correlation are dense from 1",
    3: "every hash verifies from the first record",
    4: "every linked cause has a lower number",
    5: "each source's order is kept or the gap is recorded, and no other gap is",
    6: "the same input again from zero gives the same bytes",
    7: "the tables count what the topics hold",
    8: "billing is what the topic says",
    9: "graph edges are the causes",
    10: "run items are the ledger",
    11: "no committed offset lies beyond what has no place",
}
EXAMPLES_MAX = 5
"""Of each check, in the message."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong. `lost`, `doubled`: how many events that means."""

    check: int
    what: str
    lost: int = 0
    doubled: int = 0


def verdict(violations: Iterable[Violation]) -> str:
    """Every violated check by number with its first examples; '' when there is none."""
    of: dict[int, list[Violation]] = defaultdict(list)
    for each in violations:
        of[each.check].append(each)
    parts = []
    for check, found in sorted(of.items()):
        parts.append(f"({check}) {CHECKS[check]}: {len(found)} violation(s)")
        parts += [f"      {each.what}" for each in found[:EXAMPLES_MAX]]
    return "\n".join(parts)

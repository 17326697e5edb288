"""The Dockerfile as its instructions."""

import re
from functools import cache

from tests.deployment.found_tools import ROOT

DOCKERFILE = ROOT / "Dockerfile"


@cache
def stages() -> tuple[tuple[tuple[str, str], ...], ...]:
    """Instruction and arguments, by stage; what stands before the first FROM is left out."""
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#"))
    found: list[list[tuple[str, str]]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        instruction, _, arguments = line.strip().partition(" ")
        if instruction == "FROM":
            found.append([])
        if instruction and found:
            found[-1].append((instruction, arguments))
    return tuple(map(tuple, found))


def last(stage: int, instruction: str) -> str:
    """The arguments of an instruction's last use in a stage."""
    return [arguments for name, arguments in stages()[stage] if name == instruction][-1]

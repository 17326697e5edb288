"""The compose file as compose reads it: variables filled in, one object for each service."""

import re
from functools import cache
from typing import Any

import yaml

from tests.deployment.found_tools import ROOT

COMPOSE = ROOT / "docker-compose.yml"
GIVEN = {"CLICKHOUSE_PASSWORD": "not-a-secret", "CHATSNAPSHOT_API_KEY": "not-a-secret-either"}
"""What a person must give."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


class Missing(Exception):
    """A variable that must be given; the message of the compose file."""


def filled(text: str, given: dict[str, str]) -> str:
    """With `${NAME:-default}` and `${NAME:?message}` replaced. Raises Missing."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if given.get(name):
            return given[name]
        if kind == "-":
            return str(rest)
        raise Missing(f"{name}: {rest}")

    return _VARIABLE.sub(value, text)


@cache
def services() -> dict[str, dict[str, Any]]:
    """By name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(filled(COMPOSE.read_text(), GIVEN))["services"]
    return found

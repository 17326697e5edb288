"""The ACLs that each role needs, as data (`acls.csv`), and as the commands that make them."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

from chatsnapshot.kafka.partition_log import READER_GROUP
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import ConfigurationError

TOOL = "kafka-acls.sh"
"""Of every Kafka distribution; some packages call it `kafka-acls`."""


@dataclass(frozen=True, slots=True)
class AclRule:
    """One right of one role. `operation`, `resource` and `pattern` are Kafka's own words."""

    role: str
    operation: str
    resource: str
    pattern: str
    name: str
    why: str


def roles() -> tuple[str, ...]:
    """Every role, in the order of the list."""
    return tuple(dict.fromkeys(rule.role for rule in _templates()))


def acl_rules(names: TopicNames, wanted: Iterable[str] | None = None) -> tuple[AclRule, ...]:
    """The rules of these roles (default: all) for an installation's names. Raises ConfigurationError for no role."""
    chosen = roles() if wanted is None else tuple(wanted)
    unknown = [role for role in chosen if role not in roles()]
    if unknown:
        raise ConfigurationError(f"there is no role {', '.join(unknown)}; there are {', '.join(roles())}")
    filled = {name: getattr(names, name) for name in _NAMES} | {"reader_group": READER_GROUP}
    return tuple(
        AclRule(rule.role, rule.operation, rule.resource, rule.pattern, rule.name.format(**filled), rule.why)
        for rule in _templates()
        if rule.role in chosen
    )


def default_principal(role: str) -> str:
    """The account that a role has unless it is told otherwise."""
    return f"User:chatsnapshot-{role}"


def acl_commands(rules: Iterable[AclRule], principals: Mapping[str, str], connect: str) -> list[str]:
    """One command for each role and resource; `connect` says how the tool reaches the cluster."""
    commands = []
    for (role, resource, pattern, name), group in groupby(rules, lambda r: (r.role, r.resource, r.pattern, r.name)):
        operations = " ".join(f"--operation {rule.operation}" for rule in group)
        prefixed = " --resource-pattern-type prefixed" if pattern == "prefixed" else ""
        commands.append(
            f"{TOOL} {connect} --add --allow-principal {principals[role]} {operations} --{resource} {name}{prefixed}"
        )
    return commands


_NAMES = ("prefix", "events", "ledger", "quarantine", "state", "sources", "roots", "sequencer_group", "sink_group")


@cache
def _templates() -> tuple[AclRule, ...]:
    text = files(__package__).joinpath("acls.csv").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(AclRule(**row) for row in csv.DictReader(lines))

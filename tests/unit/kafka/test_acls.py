"""The list of rights: complete, consistent with what the daemons ask for, printed as commands."""

import json
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from chatsnapshot.cli.app import main
from chatsnapshot.kafka.acls import acl_commands, acl_rules, default_principal, roles
from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.kafka_needs import needed_access as sequencer_access
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_consumer import needed_access as sink_access
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import ConfigurationError

NAMES = TopicNames(prefix="acme")
KAFKA = KafkaConnection(bootstrap_servers="b:9092")


def test_every_rule_is_whole_and_none_is_there_twice() -> None:
    rules = acl_rules(NAMES)
    assert len({(rule.role, rule.operation, rule.resource, rule.name) for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.resource in ("topic", "group", "transactional-id")
        assert rule.pattern in ("literal", "prefixed")
        assert rule.why
        assert "{" not in rule.name
        assert rule.name.startswith("acme") or rule.name == "chatsnapshot-reader"


def test_only_migrate_may_make_or_change_topics() -> None:
    assert {rule.role for rule in acl_rules(NAMES) if rule.operation in ("Create", "AlterConfigs")} == {"migrate"}
    assert {rule.role for rule in acl_rules(NAMES) if (rule.operation, rule.name) == ("Write", "acme.ledger")} == {
        "sequencer"
    }


def test_the_sequencer_asks_for_what_the_list_gives(tmp_path: Path) -> None:
    config = SequencerConfig(KAFKA, NAMES, SequencingPolicy(), tmp_path)
    asked = {(each.operation, each.kind, each.name) for each in sequencer_access(config)}
    rules = acl_rules(NAMES, ["sequencer"])
    listed = {(rule.operation, rule.resource, rule.name) for rule in rules if rule.pattern == "literal"}
    # without rights on the roots it goes on, with a warning: an installation may be older than they are
    listed -= {(operation, "topic", NAMES.roots) for operation in ("Read", "Write")}
    assert asked == listed | {("DescribeConfigs", "topic", topic) for topic in NAMES.sequenced()}
    assert {rule.name for rule in rules if rule.resource == "transactional-id"} == {config.transactional_ids}


def test_the_sink_asks_for_what_the_list_gives() -> None:
    config = SinkConfig(kafka=KAFKA, clickhouse=ClickHouseConnection(url="http://c"), topics=NAMES)
    asked = sink_access(NAMES, (config.group, f"{config.group}-upserts"))
    listed = {(rule.operation, rule.resource, rule.name) for rule in acl_rules(NAMES, ["sink"])}
    assert {(each.operation, each.kind, each.name) for each in asked} == listed


def test_the_commands_say_every_rule() -> None:
    rules = acl_rules(NAMES)
    commands = acl_commands(rules, {role: default_principal(role) for role in roles()}, "--bootstrap-server b:1")
    said = set()
    for command in commands:
        words = shlex.split(command)
        assert words[:4] == ["kafka-acls.sh", "--bootstrap-server", "b:1", "--add"]
        pairs = list(pairwise(words))
        options = dict(pairs)
        resource = next(name for name in ("topic", "group", "transactional-id") if f"--{name}" in options)
        for option, operation in pairs:
            if option == "--operation":
                said.add(
                    (
                        options["--allow-principal"].removeprefix("User:chatsnapshot-"),
                        operation,
                        resource,
                        options.get("--resource-pattern-type", "literal"),
                        options[f"--{resource}"],
                    )
                )
    assert said == {(rule.role, rule.operation, rule.resource, rule.pattern, rule.name) for rule in rules}


def test_an_unknown_role_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no role sinks; there are migrate, "):
        acl_rules(NAMES, ["sinks"])


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_TOPIC_PREFIX", "acme")
    assert main(["acls", "--role", "sink=User:ledger-sink", "--bootstrap-server", "b:9093"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all("--bootstrap-server b:9093 --command-config admin.properties" in line for line in lines)
    assert all("--allow-principal User:ledger-sink " in line for line in lines)
    assert main(["acls", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == len(acl_rules(NAMES))
    assert listed[0]["principal"] == "User:chatsnapshot-migrate"
    assert main(["acls", "--role", "sink=ledger-sink"]) == 1
    assert "an account begins with User:" in capsys.readouterr().err

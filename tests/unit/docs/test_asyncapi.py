"""The AsyncAPI document: its parts refer to each other, and its schemas are the ones on the wire."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
import yaml
from docs.tools.asyncapi import asyncapi
from fastavro.schema import fingerprint, to_parsing_canonical_form

from chatsnapshot_schemas import headers
from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.roots import MerkleRoot
from chatsnapshot_schemas.source_reports import encode_report
from tests.unit.schemas.test_source_reports import INSTANCE, RUN


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(asyncapi())
    return found


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_references_resolve(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert len(found) >= 10
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_it_has_the_parts_of_version_3(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert document["info"].keys() >= {"title", "version"}
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["channel"]["$ref"].startswith("#/channels/")
    used = {reference.rsplit("/", 1)[1] for reference in references(document["channels"])}
    assert used == document["components"]["messages"].keys()


def test_channels_are_the_topics(document: dict[str, Any]) -> None:
    assert [channel["address"] for channel in document["channels"].values()] == list(TopicNames().all())
    configuration = document["channels"]["events"]["bindings"]["kafka"]["topicConfiguration"]
    assert configuration["retention.ms"] == 7 * 24 * 3600 * 1000
    assert configuration["x-further"]["message.timestamp.type"] == "LogAppendTime"
    assert document["channels"]["sources"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == [
        "compact",
        "delete",
    ]


def test_json_schemas_are_those_of_the_values(document: dict[str, Any]) -> None:
    for name, report in (("RunReport", RUN), ("InstanceReport", INSTANCE)):
        schema = document["components"]["messages"][name]["payload"]
        assert schema["properties"].keys() == json.loads(encode_report(report)).keys()
    assert document["components"]["messages"]["MerkleRoot"]["payload"]["properties"].keys() == {
        each.name for each in fields(MerkleRoot)
    }


@pytest.mark.parametrize(
    ("message", "schema"), [("EventEnvelope", envelope_schema()), ("LedgerRecord", ledger_schema())]
)
def test_schemas_are_those_on_the_wire(document: dict[str, Any], message: str, schema: Any) -> None:
    shown = document["components"]["messages"][message]["payload"]["schema"]
    assert bytes.fromhex(fingerprint(to_parsing_canonical_form(shown), "CRC-64-AVRO")) == schema.fingerprint


def test_headers_are_those_that_are_written(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    said, mark = (messages[name]["headers"]["properties"] for name in ("QuarantinedInput", "SolvedMark"))
    written = {value for name, value in vars(headers).items() if name.startswith("QUARANTINE_")}
    assert said.keys() | mark.keys() == written
    assert said[headers.QUARANTINE_REASON]["enum"] == list(Reason)

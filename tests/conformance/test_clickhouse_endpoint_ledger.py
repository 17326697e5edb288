"""What the sinks rely on: one Avro block per insert, deduplicated by its token, read natively into typed columns."""

import io
import json
import uuid
from typing import Any

import fastavro
import httpx
import pytest

UUID_STRING = {"type": "string", "logicalType": "uuid"}
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "LedgerRow",
    "fields": [
        {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 32}},
        {"name": "sequence_no", "type": "long"},
        {"name": "recorded_at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "late", "type": "boolean"},
        {"name": "cause", "type": {"type": "enum", "name": "Cause", "symbols": ["root", "linked", "external"]}},
        {"name": "event_id", "type": UUID_STRING},
        {"name": "causation_id", "type": ["null", UUID_STRING]},
        {"name": "caused_by", "type": {"type": "array", "items": UUID_STRING}},
        {"name": "source_origin", "type": {"type": "enum", "name": "Origin", "symbols": ["agent", "system"]}},
        {"name": "source_seq", "type": ["null", "long"]},
        {"name": "headers", "type": {"type": "map", "values": "string"}},
        {"name": "payload", "type": "string"},
        {
            "name": "payload_ref",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "PayloadRef",
                    "fields": [
                        {"name": "uri", "type": "string"},
                        {"name": "sha256", "type": "string"},
                        {"name": "bytes", "type": "long"},
                    ],
                },
            ],
        },
    ],
}
TABLE = """
CREATE TABLE {}.ledger (
    hash FixedString(32),
    sequence_no UInt64,
    recorded_at DateTime64(6, 'UTC'),
    late Bool,
    cause Enum8('root' = 0, 'linked' = 1, 'external' = 2),
    event_id UUID,
    causation_id Nullable(UUID),
    caused_by Array(UUID),
    source_origin LowCardinality(String),
    source_seq Nullable(Int64),
    headers Map(String, String),
    payload String,
    payload_ref Nullable(Tuple(uri String, sha256 String, bytes Int64))
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(recorded_at) ORDER BY sequence_no
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1
"""
INSERT = {
    "query": "INSERT INTO ledger FORMAT Avro",
    "async_insert": 0,
    "wait_for_async_insert": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}


def record(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "hash": bytes([number % 256]) * 32,
        "sequence_no": number,
        "recorded_at": 1_767_225_600_123_456 + number,
        "late": number % 2 == 0,
        "cause": "linked",
        "event_id": str(uuid.UUID(int=number)),
        "causation_id": None,
        "caused_by": [],
        "source_origin": "agent",
        "source_seq": None,
        "headers": {},
        "payload": json.dumps({"n": number, "text": "ü\u0000"}),
        "payload_ref": None,
    } | changes


def block(records: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, SCHEMA, records, sync_interval=1 << 30)
    return out.getvalue()


@pytest.fixture
def ledger(http: httpx.Client, database: str) -> str:
    """A database with the ledger table, and a view of it into a table of its own."""
    statements = (
        TABLE.format(database),
        f"CREATE TABLE {database}.items (sequence_no UInt64, n Int64) ENGINE = ReplacingMergeTree ORDER BY sequence_no"
        " SETTINGS non_replicated_deduplication_window = 10000",
        f"CREATE MATERIALIZED VIEW {database}.items_mv TO {database}.items AS"
        f" SELECT sequence_no, JSONExtractInt(payload, 'n') AS n FROM {database}.ledger",
    )
    for statement in statements:
        response = http.post("/", content=statement, params={"enable_nullable_tuple_type": 1})
        assert response.status_code == 200, response.text
    return database


def insert(http: httpx.Client, database: str, data: bytes, token: str) -> httpx.Response:
    return http.post("/", params=INSERT | {"database": database, "insert_deduplication_token": token}, content=data)


def select(http: httpx.Client, database: str, query: str) -> list[Any]:
    response = http.post("/", params={"database": database, "default_format": "JSONCompactEachRow"}, content=query)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def test_every_avro_type_reads_into_its_column(http: httpx.Client, ledger: str) -> None:
    cause, others = uuid.uuid4(), [uuid.uuid4(), uuid.uuid4()]
    full = record(
        7,
        causation_id=str(cause),
        caused_by=[str(other) for other in others],
        source_seq=3,
        headers={"traceparent": "00-ab", "x": ""},
        payload_ref={"uri": "s3://b/k", "sha256": "ab" * 32, "bytes": 1 << 40},
    )
    response = insert(http, ledger, block([full, record(8)]), "t")
    assert response.status_code == 200, response.text
    found = select(
        http,
        ledger,
        "SELECT hex(hash), sequence_no, toUnixTimestamp64Micro(recorded_at), late, cause, event_id, causation_id,"
        " caused_by, source_origin, source_seq, headers, payload, payload_ref, payload_ref.uri, payload_ref.bytes"
        " FROM ledger ORDER BY sequence_no SETTINGS output_format_json_quote_64bit_integers = 0,"
        " output_format_json_named_tuples_as_objects = 1",
    )
    assert found == [
        [
            "07" * 32,
            7,
            1_767_225_600_123_463,
            False,
            "linked",
            str(uuid.UUID(int=7)),
            str(cause),
            [str(other) for other in others],
            "agent",
            3,
            {"traceparent": "00-ab", "x": ""},
            full["payload"],
            {"uri": "s3://b/k", "sha256": "ab" * 32, "bytes": 1 << 40},
            "s3://b/k",
            1 << 40,
        ],
        [
            "08" * 32,
            8,
            1_767_225_600_123_464,
            True,
            "linked",
            str(uuid.UUID(int=8)),
            None,
            [],
            "agent",
            None,
            {},
            record(8)["payload"],
            None,
            None,
            None,
        ],
    ]


def test_a_repeated_block_with_its_token_changes_nothing(http: httpx.Client, ledger: str) -> None:
    data = block([record(number) for number in range(20_000)])
    for _ in range(3):
        response = insert(http, ledger, data, "ledger:topic:0:0-19999:fp")
        assert response.status_code == 200, response.text
    counts = "SELECT (SELECT count() FROM ledger), (SELECT count() FROM items)"
    assert select(http, ledger, counts) == [[20_000, 20_000]]
    parts = f"SELECT count(), sum(rows) FROM system.parts WHERE database = '{ledger}' AND table = 'ledger' AND active"
    assert select(http, ledger, parts) == [[1, 20_000]]  # one block, one part: one token for all of it


def test_the_same_rows_under_another_token_are_stored_and_then_replaced(http: httpx.Client, ledger: str) -> None:
    data = block([record(number) for number in range(100)])
    insert(http, ledger, data, "one")
    insert(http, ledger, data, "two")
    assert select(http, ledger, "SELECT count() FROM ledger") == [[200]]
    assert select(http, ledger, "SELECT count() FROM ledger FINAL") == [[100]]


def test_other_rows_under_a_used_token_are_dropped(http: httpx.Client, ledger: str) -> None:
    insert(http, ledger, block([record(1)]), "token")
    insert(http, ledger, block([record(2)]), "token")
    assert select(http, ledger, "SELECT sequence_no FROM ledger") == [[1]]


def test_a_corrupt_block_writes_nothing(http: httpx.Client, ledger: str) -> None:
    data = block([record(number) for number in range(5000)])
    response = insert(http, ledger, data[: len(data) // 2], "half")
    assert response.status_code >= 400
    assert response.headers["x-clickhouse-exception-code"]
    assert select(http, ledger, "SELECT count() FROM ledger") == [[0]]
    assert insert(http, ledger, data, "half").status_code == 200  # the token of a failed insert is not used up
    assert select(http, ledger, "SELECT count() FROM ledger") == [[5000]]


def test_a_view_that_fails_fails_the_insert(http: httpx.Client, ledger: str) -> None:
    http.post(
        "/",
        content=f"CREATE MATERIALIZED VIEW {ledger}.bad TO {ledger}.items AS"
        f" SELECT sequence_no, throwIf(sequence_no = 3) AS n FROM {ledger}.ledger",
    ).raise_for_status()
    response = insert(http, ledger, block([record(3)]), "bad")
    assert response.headers["x-clickhouse-exception-code"] == "395"


@pytest.mark.parametrize(
    ("column", "absent"),
    [
        ("Tuple(uri Nullable(String), sha256 Nullable(String), bytes Nullable(Int64))", [None, None, None]),
        ("Tuple(uri String, sha256 String, bytes Int64)", ["", "", 0]),
    ],
)
def test_a_nullable_record_needs_no_nullable_tuple(
    http: httpx.Client, database: str, column: str, absent: list[Any]
) -> None:
    columns = f"sequence_no Int64, payload_ref {column}"
    sql = f"CREATE TABLE {database}.refs ({columns}) ENGINE = MergeTree ORDER BY sequence_no"
    assert http.post("/", content=sql).status_code == 200
    data = block([record(1), record(2, payload_ref={"uri": "u", "sha256": "s", "bytes": 5})])
    response = http.post("/", params={"query": "INSERT INTO refs FORMAT Avro", "database": database}, content=data)
    assert response.status_code == 200, response.text
    query = "SELECT payload_ref FROM refs ORDER BY sequence_no SETTINGS output_format_json_named_tuples_as_objects = 0"
    assert select(http, database, query + ", output_format_json_quote_64bit_integers = 0") == [
        [absent],
        [["u", "s", 5]],
    ]

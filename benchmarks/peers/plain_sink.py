"""The sink that most people write: consume, decode, insert rows with clickhouse-connect, commit; at least once.

`python -m benchmarks.peers.plain_sink '{"bootstrap": ..., "input": ..., "url": ..., "database": ..., "group": ...}'`
Its rows go into the same tables, with the same projections and the same fsync as ours.
"""

import json
import sys
from io import BytesIO
from typing import Any

import clickhouse_connect
import fastavro
from confluent_kafka import Consumer

from chatsnapshot_schemas.avro_schema import ledger_schema

BATCH = 50_000
WAIT_S = 0.5
FRAMING_BYTES = 10
SOURCE = ("origin", "runtime", "service", "instance", "agent")


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Column lists in the names of table `ledger`."""
    own = [name for name in rows[0] if name != "envelope"]
    of_envelope = [name for name in rows[0]["envelope"] if name not in ("source", "payload_ref")]
    made = {name: [row[name] for row in rows] for name in own}
    made |= {name: [row["envelope"][name] for row in rows] for name in of_envelope}
    return made | {f"source_{name}": [row["envelope"]["source"][name] for row in rows] for name in SOURCE}


def main(told: dict[str, Any]) -> None:
    client = clickhouse_connect.get_client(dsn=told["url"], database=told["database"], autogenerate_session_id=False)
    consumer = Consumer(
        {
            "bootstrap.servers": told["bootstrap"],
            "group.id": told["group"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([told["input"]])
    schema = fastavro.parse_schema(json.loads(ledger_schema().text))
    while True:
        messages = [message for message in consumer.consume(BATCH, WAIT_S) if message.error() is None]
        if not messages:
            continue
        rows = [fastavro.schemaless_reader(BytesIO(each.value()[FRAMING_BYTES:]), schema) for each in messages]
        table = columns(rows)
        client.insert("ledger", list(table.values()), column_names=list(table), column_oriented=True)
        consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

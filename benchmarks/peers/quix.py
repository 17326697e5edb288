"""The job on Quix Streams, state in its RocksDB with changelog topics; runs in the peers' own environment.

`python -m benchmarks.peers.quix '{"bootstrap": ..., "input": ..., "output": ..., "group": ..., "folder": ...,
"guarantee": "exactly-once" or "at-least-once"}'`

A checkpoint closes after 20,000 messages or a second: the default of five seconds would blur the end of the
measurement. Heads and ids are kept as bytes: the fastest form that the state takes.
"""

import json
import sys
from typing import Any

from quixstreams import Application, State, message_context

from benchmarks.peers.job import HASH_BYTES, decode, first_head, record

COMMIT_EVERY = 20_000
COMMIT_INTERVAL_S = 1.0
NUMBER_BYTES = 8


def sequence(value: bytes, _key: Any, timestamp: int, _headers: Any, state: State) -> bytes | None:
    """The ledger record, or None for a duplicate."""
    envelope, body = decode(value)
    event_id = envelope["event_id"]
    if state.exists(event_id):
        return None
    stored = state.get_bytes("head")
    if stored is None:
        head = first_head(envelope)
    else:
        head = (int.from_bytes(stored[:NUMBER_BYTES], "big"), stored[NUMBER_BYTES:])
    cause = envelope["causation_id"]
    known = cause is not None and state.exists(cause)
    context = message_context()
    digest, out = record(envelope, body, head, known, (context.partition, context.offset, timestamp))
    assert len(digest) == HASH_BYTES
    state.set_bytes("head", (head[0] + 1).to_bytes(NUMBER_BYTES, "big") + digest)
    state.set_bytes(event_id, b"")
    return out


def main(told: dict[str, Any]) -> None:
    app = Application(
        broker_address=told["bootstrap"],
        consumer_group=told["group"],
        auto_offset_reset="earliest",
        processing_guarantee=told["guarantee"],
        commit_every=COMMIT_EVERY,
        commit_interval=COMMIT_INTERVAL_S,
        state_dir=told["folder"],
        loglevel="WARNING",
        producer_extra_config={"linger.ms": 5, "queue.buffering.max.messages": 1_000_000},
    )
    source = app.topic(told["input"], key_deserializer="bytes", value_deserializer="bytes")
    output = app.topic(told["output"], key_serializer="bytes", value_serializer="bytes")
    frames = app.dataframe(source).apply(sequence, stateful=True, metadata=True)
    frames.filter(lambda value: value is not None).to_topic(output)
    app.run()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

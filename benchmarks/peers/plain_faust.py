"""The job as Faust's documentation shows agents: one event at a time, `send` to the output topic, at least once.

State is a dict, which a restart loses: a Faust table would be slower still.
`python -m benchmarks.peers.plain_faust '{"bootstrap": ..., "input": ..., "output": ..., "group": ..., "folder": ...}'`
"""

import json
import sys
from typing import Any

import faust
from faust.serializers.codecs import Codec

from benchmarks.peers.bare_loop import Run
from benchmarks.peers.job import decode, first_head, record


class AsIs(Codec):
    """Values are bytes already."""

    def loads(self, s: Any) -> Any:
        return s

    def dumps(self, obj: Any) -> Any:
        return obj


def build(told: dict[str, Any]) -> faust.App:
    app = faust.App(
        told["group"],
        broker=f"kafka://{told['bootstrap']}",
        datadir=told["folder"],
        store="memory://",
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=16_384,
        producer_linger=0.005,
        producer_max_batch_size=1_000_000,
        web_enabled=False,
        autodiscover=False,
    )
    as_is = AsIs()
    options = {"key_type": None, "value_type": None, "key_serializer": as_is, "value_serializer": as_is}
    source, output = app.topic(told["input"], **options), app.topic(told["output"], **options)
    runs: dict[str, Run] = {}

    @app.agent(source)
    async def sequence(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            envelope, body = decode(event.value)
            correlation, event_id = envelope["correlation_id"], envelope["event_id"]
            run = runs.get(correlation)
            if run is None:
                run = runs[correlation] = Run(first_head(envelope))
            if event_id in run.ids:
                continue
            place = (message.partition, message.offset, int(message.timestamp * 1_000))
            digest, value = record(envelope, body, run.head, envelope["causation_id"] in run.ids, place)
            run.ids.add(event_id)
            run.head = (run.head[0] + 1, digest)
            await output.send(key=event.key, value=value, partition=message.partition)

    return app


if __name__ == "__main__":
    faust.Worker(build(json.loads(sys.argv[1])), loglevel="WARNING").execute_from_commandline()

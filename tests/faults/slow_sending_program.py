"""`recording_program` whose destination takes small batches slowly: it numbers much faster than it sends."""

import json
import sys
import time
from collections.abc import Callable, Sequence

from chatsnapshot_producers import publisher, segment_reader
from chatsnapshot_producers.kafka_transport import KafkaTransport
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import Refusal
from tests.faults.recording_program import Options, Program

BATCH_EVENTS = 100
BATCH_S = 0.1


def slow_down() -> None:
    """For the rest of this process."""
    segment_reader.BATCH_EVENTS_MAX = publisher.BATCH_EVENTS_MAX = BATCH_EVENTS  # type: ignore[attr-defined]
    send = KafkaTransport.send

    def sent(self: KafkaTransport, events: Sequence[SpooledEvent], stopped: Callable[[], bool]) -> list[Refusal]:
        time.sleep(BATCH_S)
        return send(self, events, stopped)

    KafkaTransport.send = sent  # type: ignore[method-assign]


if __name__ == "__main__":
    slow_down()
    sys.exit(Program(Options(**json.loads(sys.argv[1]))).main())

"""What the sink does with each topic: how records become batches, how often, and under which promise."""

from collections.abc import Mapping
from dataclasses import dataclass

from chatsnapshot_projections.sink_batch import OpenBatch, Source
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_lane import OpenNew
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_pace import Pace
from chatsnapshot_projections.topic_upserts import HeldRows, QuarantineRows, UpsertBatch
from chatsnapshot_schemas.framing import Framing

UPSERT_LINGER_S = 0.5
"""Lists for people: half a second is soon enough, and an event that is held and released meanwhile leaves one row."""


@dataclass(frozen=True, slots=True)
class Intake:
    """One topic. `announces`: exactly once by announced ranges, partitions together; otherwise at least once, each
    partition alone, rows replace each other."""

    topic: str
    topic_id: str
    announces: bool
    open_new: OpenNew
    pace: Pace
    """Topics that count together share one."""
    linger_s: float


def ledger_intake(config: SinkConfig, topic_ids: Mapping[str, str], framing: Framing) -> dict[str, Intake]:
    """The ledger topic, by name."""

    def open_new(source: Source) -> OpenBatch:
        return LedgerBatch(source, framing, config.batch_records, config.batch_bytes)

    topic, pace = config.topics.ledger, Pace(config.inserts_per_s_max)
    return {topic: Intake(topic, topic_ids[topic], True, open_new, pace, config.linger_s)}


def upsert_intakes(config: SinkConfig, topic_ids: Mapping[str, str], framing: Framing) -> dict[str, Intake]:
    """The topics behind the small tables, by name."""

    def held(source: Source) -> OpenBatch:
        return UpsertBatch(source, HeldRows())

    def quarantine(source: Source) -> OpenBatch:
        return UpsertBatch(source, QuarantineRows(framing))

    pace, state_topic, quarantine_topic = Pace(config.upserts_per_s_max), config.topics.state, config.topics.quarantine
    return {
        state_topic: Intake(state_topic, topic_ids[state_topic], False, held, pace, UPSERT_LINGER_S),
        quarantine_topic: Intake(
            quarantine_topic, topic_ids[quarantine_topic], False, quarantine, pace, UPSERT_LINGER_S
        ),
    }

"""What the state topic holds for one partition, read whole."""

from dataclasses import dataclass, field

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.input_topic import InputTopic
from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_schemas import state_entries as entries
from chatsnapshot_schemas.errors import TopicMismatch


@dataclass(slots=True)
class StateEntries:
    """The latest value of every key, by kind."""

    epochs: list[entries.EpochEntry] = field(default_factory=list)
    policies: list[tuple[int, int, SequencingPolicy]] = field(default_factory=list)
    """(epoch, first input offset, policy), ascending."""
    held: list[entries.HeldEvent] = field(default_factory=list)
    """By epoch and offset."""
    used: dict[entries.UsedKey, entries.NumberRanges] = field(default_factory=dict)

    def epoch_of(self, topic: InputTopic, name: str) -> int:
        """The epoch of the events topic. Raises TopicMismatch when it has none."""
        for entry in reversed(self.epochs):
            if (entry.topic_id, entry.partitions) == (topic.topic_id, topic.partitions):
                return entry.epoch
        known = ", ".join(f"{e.epoch}: id {e.topic_id} with {e.partitions} partitions" for e in self.epochs) or "none"
        raise TopicMismatch(
            f"{name} (id {topic.topic_id}, {topic.partitions} partitions) fits no epoch ({known}): if it was made anew "
            "or its partitions were changed on purpose, run `chatsnapshot migrate`"
        )

    def policies_of(self, epoch: int) -> list[tuple[int, SequencingPolicy]]:
        """Settings of an epoch with the input offset from which each applies."""
        return [(offset, policy) for of_epoch, offset, policy in self.policies if of_epoch == epoch]

    def greatest_offset(self, epoch: int) -> int:
        """Greatest input offset of the epoch that an entry speaks of as done; -1 without one."""
        held = (event.input_offset for event in self.held if event.input_epoch == epoch)
        return max((*held, *(offset - 1 for offset, _ in self.policies_of(epoch))), default=-1)


def read_state(reader: PartitionReader, topic: str, partition: int) -> StateEntries:
    """Read a partition of the state topic whole. Raises TopicMismatch for an entry that cannot be read."""
    latest: dict[bytes, bytes] = {}
    low, _ = reader.watermarks(topic, partition)
    for chunk in reader.read(topic, partition, low):
        for message in chunk:
            key, value = message.key(), message.value()
            if not isinstance(key, bytes):
                continue
            latest.pop(key, None)  # the order is that of the last change
            if isinstance(value, bytes):
                latest[key] = value
    return _sorted_by_kind(latest, f"{topic}-{partition}")


def _sorted_by_kind(latest: dict[bytes, bytes], where: str) -> StateEntries:
    found = StateEntries()
    for key, value in latest.items():
        try:
            _add(found, key, value)
        except Exception as error:  # bytes from a topic: anything may be wrong with them
            raise TopicMismatch(f"{where}: entry {key!r} cannot be read by this version: {error}") from error
    found.epochs.sort(key=lambda entry: entry.epoch)
    found.policies.sort(key=lambda entry: entry[:2])
    found.held.sort(key=lambda event: (event.input_epoch, event.input_offset))
    return found


def _add(found: StateEntries, key: bytes, value: bytes) -> None:
    kind = key.decode().partition("/")[0] + "/"
    if kind == entries.HELD:
        found.held.append(entries.decode_held(value))
    elif kind == entries.USED:
        found.used[entries.used_whose(key)] = entries.decode_used(value)
    elif kind == entries.EPOCH:
        found.epochs.append(entries.decode_epoch(value))
    elif kind == entries.POLICY:
        found.policies.append((*entries.policy_position(key), SequencingPolicy.from_json(value)))

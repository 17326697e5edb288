"""Group metadata of Faust's consumer in the bytes that librdkafka takes.

`send_offsets_to_transaction` wants what `Consumer.consumer_group_metadata()` of confluent-kafka returns; Faust's
consumer is aiokafka's. The bytes (librdkafka, `rd_kafka_consumer_group_metadata_write`): `CGMDv2:`, generation as int32
little-endian, group id NUL, member id NUL, then 1 for "no instance id", or 0 and the instance id NUL.
"""

from dataclasses import dataclass

_MAGIC = b"CGMDv2:"
_NONE, _SOME = b"\x01", b"\x00"


@dataclass(frozen=True, slots=True)
class GroupMembership:
    """A consumer's place in its group at one assignment; the broker refuses offsets sent with an older one."""

    group_id: str
    generation: int
    member_id: str
    instance_id: str | None = None

    def to_bytes(self) -> bytes:
        """As `Producer.send_offsets_to_transaction` takes it."""
        instance = _NONE if self.instance_id is None else _SOME + self.instance_id.encode() + b"\0"
        generation = self.generation.to_bytes(4, "little", signed=True)
        return _MAGIC + generation + self.group_id.encode() + b"\0" + self.member_id.encode() + b"\0" + instance

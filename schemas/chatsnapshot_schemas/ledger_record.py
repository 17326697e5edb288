"""LedgerRecord: what the log recorded. Only the sequencer's encoder and the decoder make one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chatsnapshot_schemas.envelope import EventEnvelope

Cause = Literal["root", "linked", "external", "unresolved"]


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One recorded fact and its place in its run."""

    hash: bytes
    prev_hash: bytes
    sequence_no: int
    """Dense per (tenant, correlation), from 1."""
    recorded_at: datetime
    """The broker's append time of the input record."""
    input_epoch: int
    input_partition: int
    input_offset: int
    gap_before: int
    late: bool
    cause: Cause
    envelope: EventEnvelope

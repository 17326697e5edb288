"""Cutting what is fetched into batches, one transaction each."""

from dataclasses import dataclass
from time import monotonic

from chatsnapshot_processors.config import LaneLimits
from chatsnapshot_processors.core.records import InputRecord
from chatsnapshot_processors.intake import FetchedRecord, Intake
from chatsnapshot_schemas.errors import TransientError

IDLE_WAIT_S = 0.2
"""How long a lane waits for input before it looks whether it is to stop."""
_MICROS_PER_MILLI = 1000


class InputGap(TransientError):
    """Fetches got lost between the consumer and the lane: the lane must begin again at its committed position."""

    code = "input_gap"


@dataclass(frozen=True, slots=True)
class Batch:
    """Records for one transaction, and the offset to commit with them."""

    records: list[InputRecord]
    following: int


class Batching:
    """Batches from one intake, within the limits, each record once and none left out."""

    def __init__(self, intake: Intake, limits: LaneLimits) -> None:
        self._intake = intake
        self._limits = limits
        self._waiting: list[InputRecord] = []
        self._following = intake.start
        self._begun = 0.0

    @property
    def empty(self) -> bool:
        """Whether nothing waits here or in the intake."""
        return not self._waiting and self._intake.empty

    def next(self) -> Batch:
        """The next batch; without records when none came for IDLE_WAIT_S. Raises InputGap."""
        limits = self._limits
        due = self._begun + limits.transaction_interval_s
        while len(self._waiting) < limits.batch_records_max:
            fetch = self._intake.take(due - monotonic() if self._waiting else IDLE_WAIT_S)
            if fetch is None:
                break
            if fetch.follows != self._following:
                raise InputGap(f"fetched from offset {fetch.follows}, expected {self._following}")
            self._following = fetch.following
            self._waiting.extend(map(_input_record, fetch.records))
        self._begun = monotonic()
        return self._cut()

    def _cut(self) -> Batch:
        count = size = 0
        for record in self._waiting[: self._limits.batch_records_max]:
            size += record_bytes(record)
            if count and size > self._limits.batch_bytes_max:
                break
            count += 1
        records, self._waiting = self._waiting[:count], self._waiting[count:]
        return Batch(records, self._waiting[0].offset if self._waiting else self._following)


def record_bytes(record: InputRecord) -> int:
    """Size of key and value; a record without either still takes room."""
    return len(record.key or b"") + len(record.value or b"") + 1


def _input_record(record: FetchedRecord) -> InputRecord:
    headers = tuple(record.headers)
    return InputRecord(record.offset, record.timestamp * _MICROS_PER_MILLI, record.key, record.value, headers)

"""What an error of an insert means: send the same again, or stop the partition.

Only a code that says "this statement will never work" is permanent. Everything else, an answer that was lost above all,
is ambiguous: the rows may be in, so the same bytes go again under the same token.
"""

from dataclasses import dataclass

from chatsnapshot_projections.clickhouse_client import COME_BACK_LATER
from chatsnapshot_schemas.errors import FatalError, QueryFailed

RETRIABLE_CODES = COME_BACK_LATER | {
    3,  # UNEXPECTED_END_OF_FILE: a body that was cut off
    74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
    75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR: among others, a disk without room
    76,  # CANNOT_OPEN_FILE: among others, too many open files
    107,  # FILE_DOESNT_EXIST
    164,  # READONLY
    198,  # DNS_ERROR
    285,  # TOO_FEW_LIVE_REPLICAS
    286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    319,  # UNKNOWN_STATUS_OF_INSERT
    394,  # QUERY_WAS_CANCELLED
    425,  # SYSTEM_ERROR
    473,  # DEADLOCK_AVOIDED
}
"""Codes of ClickHouse after which the same insert may succeed."""

CONNECTION = "connection"


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed. `code`: ClickHouse's number as text, or `connection` when there is none."""

    code: str
    message: str
    is_permanent: bool


def failure_of(error: Exception) -> Failure:
    """What to do about whatever an insert raised."""
    code = _server_code(error)
    message = " ".join(str(error).split()) or type(error).__name__
    if code:
        return Failure(str(code), message, code not in RETRIABLE_CODES)
    return Failure(CONNECTION, message, _is_own_fault(error))


def _server_code(error: Exception) -> int:
    code = error.server_code if isinstance(error, QueryFailed) else getattr(error, "code", None)
    return code if isinstance(code, int) else 0


def _is_own_fault(error: Exception) -> bool:
    """Refused before it was sent: no attempt will go better."""
    from clickhouse_connect.driver.exceptions import DataError, ProgrammingError

    refused = isinstance(error, (ProgrammingError, DataError, FatalError))
    return refused and not isinstance(error, QueryFailed)  # a refusal without a number may be a proxy's

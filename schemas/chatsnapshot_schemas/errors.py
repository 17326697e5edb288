"""Every error of ChatSnapshot, split by what the caller does next.

ChatSnapshotError            .code: stable reason
├── TransientError           retry, the same call may succeed later
│   ├── BrokerUnavailable
│   ├── ClickHouseUnavailable
│   ├── RegistryUnavailable
│   ├── BlobUnavailable      the storage of large payloads
│   ├── IngestBusy           as much is on its way to the broker as may be
│   ├── QuarantineBusy       somebody else is solving records of the same partition
│   ├── SpoolFull
│   └── Undelivered          .remaining: events still in the spool
├── InvalidEvent             quarantine: this event will never fit   .reason .field
└── FatalError               stop, a person must act
    ├── ConfigurationError   a setting, file or argument is missing or wrong
    │   ├── MissingExtra     an optional part is not installed
    │   ├── UnsupportedMedia a request body of another kind, or encoded in another way
    │   └── WrongTenant      the key belongs to another tenant
    ├── AccessRefused        Kafka or ClickHouse does not let this account in, or not do this
    ├── AlreadyRunning       another process owns the folder
    ├── PortTaken
    ├── StackNotRunning
    ├── TopicMismatch        topics are not what the committed state belongs to
    ├── CorruptLedger        stored bytes contradict the contract
    │   └── BlobChanged      a stored payload is not the one that was recorded
    ├── QueryFailed          ClickHouse refused   .server_code .server_name
    ├── SchemaRefused        the registry refuses an incompatible schema
    ├── RedriveRefused       a quarantine record cannot be solved in this way
    │   └── AlreadySolved    somebody did it before
    └── NotFound             no such run, event or record
        └── BlobMissing      a stored payload is gone
"""

from chatsnapshot_schemas.reasons import Reason


class ChatSnapshotError(Exception):
    """Root of all; `code` is stable, the message is one line for a person."""

    code = "error"


class TransientError(ChatSnapshotError):
    """Try the same call again."""

    code = "transient"


class BrokerUnavailable(TransientError):
    """Kafka does not answer."""

    code = "broker_unavailable"


class ClickHouseUnavailable(TransientError):
    """ClickHouse does not answer, or asks to come back later."""

    code = "clickhouse_unavailable"


class RegistryUnavailable(TransientError):
    """The schema registry does not answer."""

    code = "registry_unavailable"


class BlobUnavailable(TransientError):
    """The storage of payloads above the cap does not answer."""

    code = "blob_unavailable"


class IngestBusy(TransientError):
    """The ingest has as many bytes or requests on their way as it may; nothing of this one was handed on."""

    code = "ingest_busy"


class QuarantineBusy(TransientError):
    """Another process solves records of the same quarantine partition; nothing was changed by this one."""

    code = "quarantine_busy"


class SpoolFull(TransientError):
    """The local spool reached `spool_bytes_max` and the policy is to say so."""

    code = "spool_full"


class Undelivered(TransientError):
    """A flush ran out of time; the events are still in the spool."""

    code = "undelivered"

    def __init__(self, message: str, remaining: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.remaining = remaining


class InvalidEvent(ChatSnapshotError):
    """An event breaks the contract; `field` names where, the message names the limit."""

    def __init__(self, field: str, message: str, reason: Reason = Reason.INVALID_ENVELOPE) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = reason
        self.code = str(reason)


class FatalError(ChatSnapshotError):
    """Going on would be wrong."""

    code = "fatal"


class ConfigurationError(FatalError):
    """A setting, file or argument is missing or wrong."""

    code = "configuration"


class MissingExtra(ConfigurationError):
    """An optional part of the distribution is needed and not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs an extra: pip install 'chatsnapshot[{extra}]'")
        self.extra = extra


class UnsupportedMedia(ConfigurationError):
    """A request body is of a kind, or encoded in a way, that is not taken."""

    code = "unsupported_media_type"


class WrongTenant(ConfigurationError):
    """A request names another tenant than the one its key belongs to."""

    code = "wrong_tenant"


class AccessRefused(FatalError):
    """A wrong password, a certificate that is not trusted, or a right that is missing; the message says which."""

    code = "access_refused"


class AlreadyRunning(FatalError):
    """Another process owns this folder."""

    code = "already_running"


class PortTaken(FatalError):
    """A port that was asked for is in use."""

    code = "port_taken"


class StackNotRunning(FatalError):
    """No running stack was found where one is needed."""

    code = "stack_not_running"


class StackFailed(FatalError):
    """A part of the embedded stack does not start or stop; the message says which and why."""

    code = "stack_failed"


class DiskFull(FatalError):
    """The disk of the data folder has too little room to go on."""

    code = "disk_full"


class TopicMismatch(FatalError):
    """Topic, epoch or offsets do not belong to the committed state."""

    code = "topic_mismatch"


class CorruptLedger(FatalError):
    """A stored record contradicts the contract."""

    code = "corrupt_ledger"


class BlobChanged(CorruptLedger):
    """A stored payload has another digest or length than the event says."""

    code = "blob_changed"


class QueryFailed(FatalError):
    """ClickHouse refused a statement; its own code and name are kept."""

    code = "query_failed"

    def __init__(self, message: str, server_code: int = 0, server_name: str = "") -> None:
        super().__init__(message)
        self.server_code = server_code
        self.server_name = server_name


class SchemaRefused(FatalError):
    """The registry holds an incompatible schema."""

    code = "schema_refused"


class RedriveRefused(FatalError):
    """A quarantine record cannot be solved as asked; the message says what to do instead. Nothing was changed."""

    code = "redrive_refused"


class AlreadySolved(RedriveRefused):
    """The record was redriven or discarded before; the message says by whom."""

    code = "already_solved"


class RunTooLarge(FatalError):
    """A run has more rows than are loaded at once; the message says how to read them in parts."""

    code = "run_too_large"


class NotFound(FatalError):
    """There is no such run, event or record."""

    code = "not_found"


class BlobMissing(NotFound):
    """A payload above the cap is not in the blob storage."""

    code = "blob_missing"

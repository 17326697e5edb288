"""Every metric of the producers: name, unit, meaning. The set is closed."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS_SPOOLED = Counter(
    "chatsnapshot_producer_events_spooled", "Events that were numbered and put into the spool of this process."
)
EVENTS_ACKNOWLEDGED = Counter(
    "chatsnapshot_producer_events_acknowledged", "Events that the destination acknowledged for good."
)
EVENTS_DROPPED = Counter(
    "chatsnapshot_producer_events_dropped", "Events that found the spool or the disk full: a gap in their run shows."
)
EVENTS_REJECTED = Counter(
    "chatsnapshot_producer_events_rejected", "Events that the destination refused for good, kept in `rejected/`."
)
SPOOL_DAMAGES = Counter(
    "chatsnapshot_producer_spool_damages", "Places of a spool that could not be read, torn ends included; all are kept."
)
SOURCE_REPORTS = Counter(
    "chatsnapshot_producer_source_reports", "Reports of what was numbered and acknowledged that got through."
)
SOURCE_REPORT_FAILURES = Counter(
    "chatsnapshot_producer_source_report_failures", "Times that reports did not get through; they are made again."
)
SPOOLS_ADOPTED = Counter("chatsnapshot_producer_spools_adopted", "Spools of dead processes that were taken over.")
SEND_FAILURES = Counter("chatsnapshot_producer_send_failures", "Batches that have to be sent again.")
SEND_SECONDS = Histogram(
    "chatsnapshot_producer_send_seconds", "Seconds from handing over a batch to its acknowledgement."
)
BLOBS_STORED = Counter(
    "chatsnapshot_producer_blobs_stored", "Payloads above the cap that are in blob storage, one sent again included."
)
SPOOL_BYTES = Gauge("chatsnapshot_producer_spool_bytes", "Bytes in the spools that are not acknowledged yet.")

INGEST_REQUESTS = Counter("chatsnapshot_ingest_requests", "Requests with events, by status of the answer.", ("status",))
INGEST_EVENTS = Counter(
    "chatsnapshot_ingest_events",
    "Events that came by HTTP, by what was answered: accepted, rejected, unknown.",
    ("fate",),
)
INGEST_REJECTIONS = Counter("chatsnapshot_ingest_rejections", "Rejected events, by stable reason code.", ("reason",))
INGEST_INFLIGHT_BYTES = Gauge(
    "chatsnapshot_ingest_inflight_bytes", "Bytes of requests that were let in and are not settled with the broker."
)
INGEST_INFLIGHT_REQUESTS = Gauge("chatsnapshot_ingest_inflight_requests", "Their number.")
INGEST_SECONDS = Histogram(
    "chatsnapshot_ingest_seconds", "Seconds from a request's first byte to its answer, by status.", ("status",)
)

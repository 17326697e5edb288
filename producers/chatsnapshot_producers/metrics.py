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
SPOOLS_ADOPTED = Counter("chatsnapshot_producer_spools_adopted", "Spools of dead processes that were taken over.")
SEND_FAILURES = Counter("chatsnapshot_producer_send_failures", "Batches that have to be sent again.")
SEND_SECONDS = Histogram(
    "chatsnapshot_producer_send_seconds", "Seconds from handing over a batch to its acknowledgement."
)
SPOOL_BYTES = Gauge("chatsnapshot_producer_spool_bytes", "Bytes in the spools that are not acknowledged yet.")

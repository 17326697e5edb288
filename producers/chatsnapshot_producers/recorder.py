"""The Recorder: what applications and adapters record through."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Self, cast
from uuid import UUID

from chatsnapshot_producers.causes import INHERIT, CauseArgument, CauseLike, causation_fields, enclosing_cause
from chatsnapshot_producers.draft import Draft, as_headers, as_id, as_payload, as_time
from chatsnapshot_producers.event_ids import natural_event_id, new_event_id
from chatsnapshot_producers.offloading import LargePayload, envelope_from_large_json, large_payload
from chatsnapshot_producers.outbox import Outbox
from chatsnapshot_producers.reported_source import SourceArgument, reported_source
from chatsnapshot_producers.run import Run
from chatsnapshot_producers.source_reporter import REPORT_EVERY_S
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_producers.status import RecorderStatus
from chatsnapshot_producers.transport import Destination
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.envelope import EventEnvelope, Origin
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.event_types import type_named
from chatsnapshot_schemas.json_form import origin_of
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX

FLUSH_AT_EXIT_S = 5.0
"""A process that ends waits at most this long for acknowledgements; the rest stays in the spool."""
RUNTIME = "none"
"""The runtime of an application that records by itself."""
PAYLOAD_CHARS_SMALL = PAYLOAD_BYTES_MAX // 4
"""Of so many characters no text is above the cap: UTF-8 has at most four bytes a character."""

log = logging.getLogger("chatsnapshot.producer")


class Recorder:
    """Records events: validates, numbers, appends to the spool on disk. A background thread delivers them.

    Thread-safe, and safe from coroutines; after a fork the child records under its own instance and spool.
    Use one per process and destination; close it, or let the end of the process do so.
    """

    def __init__(
        self,
        destination: Destination,
        limits: SpoolLimits,
        *,
        service: str,
        tenant: str = "default",
        flush_at_exit_s: float = FLUSH_AT_EXIT_S,
        report_every_s: float = REPORT_EVERY_S,
    ) -> None:
        self.service = service
        self.tenant = tenant
        self._destination = destination
        self._outbox = Outbox(destination, limits, flush_at_exit_s, service=service, report_every_s=report_every_s)
        self._flush_at_exit_s = flush_at_exit_s
        self._blob_uri = destination.blobs.uri if destination.blobs is not None else None
        self._said_where = self._said_where_blobs = False

    def run(self, run_id: str | UUID | None = None, *, workflow: str | None = None, user: str | None = None) -> Run:
        """A handle on a run: a new id, or one to attach to. Records nothing by itself."""
        return Run(self, new_event_id() if run_id is None else as_id("correlation_id", run_id), workflow, user)

    def record(
        self,
        event_type: str,
        correlation_id: str | UUID,
        payload: Any = None,
        source: SourceArgument = None,
        causation_id: CauseArgument = INHERIT,
        *,
        event_id: str | UUID | None = None,
        key: str | None = None,
        timestamp: datetime | str | None = None,
        subject_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> EventEnvelope:
        """The short form: `record(event_type=..., correlation_id=..., payload=...)`. As `Run.record` otherwise.

        `source`: `{"origin": ..., "runtime": ...}`, also with `service` and `agent`.
        """
        return self.propose(
            as_id("correlation_id", correlation_id),
            event_type,
            payload,
            cause=causation_id,
            event_id=event_id,
            key=key,
            timestamp=timestamp,
            subject_id=subject_id,
            headers=headers,
            source=source,
        )

    def caused_by(self, *causes: CauseLike) -> AbstractContextManager[None]:
        """Inside the block these events are the causes of what is recorded without one."""
        return enclosing_cause(causes, None)

    def propose(
        self,
        correlation_id: str,
        event_type: str,
        payload: Any,
        *,
        cause: CauseArgument = INHERIT,
        event_id: str | UUID | None = None,
        key: str | None = None,
        timestamp: datetime | str | None = None,
        subject_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        source: SourceArgument = None,
    ) -> EventEnvelope:
        """What `Run.record` and `record` do. Raises InvalidEvent, before a number is used."""
        if not isinstance(event_type, str):
            raise InvalidEvent("event_type", f"text is needed, not {type(event_type).__name__}")
        event_type = type_named(event_type)
        reported = reported_source(source)
        runtime = reported.runtime or RUNTIME
        text = as_payload(payload)
        large = None if len(text) <= PAYLOAD_CHARS_SMALL else self._large(text)
        return self._append(
            Draft(
                tenant_id=self.tenant,
                correlation_id=correlation_id,
                event_id=self._event_id(correlation_id, runtime, event_id, key),
                event_type=event_type,
                timestamp=as_time(timestamp),
                origin=reported.origin or cast(Origin, origin_of(event_type)),
                runtime=runtime,
                service=reported.service or self.service,
                agent=reported.agent,
                causation=causation_fields(cause, correlation_id),
                subject_id=subject_id,
                headers=as_headers(headers),
                payload=text if large is None else large.preview,
                large=large,
            )
        )

    def forward_json(self, text: str | bytes, **defaults: Any) -> EventEnvelope:
        """`forward` an envelope in JSON form, as `envelope_from_json` reads it; a payload above the cap is offloaded.

        Returns it as it will be recorded. Raises InvalidEvent.
        """
        read = envelope_from_large_json(text, self._blob_uri, **defaults)
        self.forward(read.envelope, read.content)
        return read.envelope

    def forward(self, envelope: EventEnvelope, content: bytes = b"") -> None:
        """Spool an envelope that was made elsewhere: ids, numbers and payload text stay as they are.

        `content`: what its `payload_ref` names, to be put into blob storage before; empty when it is there.
        """
        key, body = message_key(envelope.tenant_id, envelope.correlation_id), encode_envelope(envelope)
        outbox = self._outbox
        try:
            with outbox.lock:
                while outbox.room():
                    if outbox.put(key, body, content):
                        break
                else:
                    outbox.drop()
        finally:
            outbox.say()
        self._say_where(envelope.correlation_id)

    def adopt(self) -> None:
        """Begin to send, in the background, what dead processes left for the same destination."""
        self._outbox.adopt()

    def flush(self, timeout: float | None = 10.0) -> None:
        """Wait until everything recorded before is acknowledged; None: for ever. Raises Undelivered with their ids."""
        self._outbox.flush(timeout)

    async def aflush(self, timeout: float | None = 10.0) -> None:
        """As `flush`, without stopping the event loop."""
        await asyncio.to_thread(self.flush, timeout)

    def close(self, timeout: float | None = None) -> None:
        """Flush for at most `timeout` seconds, then stop. What is left stays in the spool; one log line says so."""
        self._outbox.close(self._flush_at_exit_s if timeout is None else timeout)

    def status(self) -> RecorderStatus:
        """Counts, spool and connection, without waiting."""
        return self._outbox.status()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, draft: Draft) -> EventEnvelope:
        """Number and append under one lock. An event that finds no room uses up its number: the gap shows."""
        key, outbox = draft.key, self._outbox
        content = b"" if draft.large is None else draft.large.content
        try:
            with outbox.lock:
                while True:
                    room = outbox.room()
                    counter = outbox.numbering.counter(key)
                    envelope = draft.numbered(counter)
                    if not room:
                        outbox.drop(key, counter)
                        break
                    if outbox.put(key, encode_envelope(envelope), content):
                        break
                counter.next += 1
        finally:
            outbox.say()
        self._say_where(draft.correlation_id)
        return envelope

    def _large(self, text: str) -> LargePayload | None:
        large = large_payload(text, self._blob_uri)
        if large is not None and not self._said_where_blobs:
            self._said_where_blobs = True
            log.info("payloads above %d bytes go to %s", PAYLOAD_BYTES_MAX, large.ref.uri.rsplit("/", 2)[0])
        return large

    def _event_id(self, correlation_id: str, runtime: str, event_id: str | UUID | None, key: str | None) -> str:
        if event_id is not None:
            return as_id("event_id", event_id)
        if key is not None:
            return natural_event_id(self.tenant, correlation_id, runtime, key)
        return new_event_id()

    def _say_where(self, run_id: str) -> None:
        if self._said_where:
            return
        self._said_where = True
        shown = self._destination.run_link(run_id) or f"chatsnapshot show {run_id}"
        log.info("recording to %s; this run: %s", self._destination.where, shown)

"""The sequencer's worker process: Faust, lanes, ticks, watchdog and metrics, from start to clean end."""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from chatsnapshot_processors.config import RootPolicy, SequencerConfig
from chatsnapshot_processors.health import SequencerHealth
from chatsnapshot_processors.input_topic import describe
from chatsnapshot_processors.kafka_needs import needed_access, refusal_of
from chatsnapshot_processors.lane_opening import LaneContext
from chatsnapshot_processors.lane_pool import LanePool
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_processors.quiet_logs import quieten
from chatsnapshot_processors.root_topic import RootTopic
from chatsnapshot_processors.ticks import Ticker
from chatsnapshot_processors.watchdog import Watchdog
from chatsnapshot_processors.worker_folder import worker_folder
from chatsnapshot_schemas.errors import ChatSnapshotError, FatalError, MissingExtra
from chatsnapshot_schemas.health_port import health_port
from chatsnapshot_schemas.kafka_admin import LastingAdmin
from chatsnapshot_schemas.kafka_rights import require_access
from chatsnapshot_schemas.registry import framing_with
from chatsnapshot_schemas.signing_key import SigningKey

log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
STOP_MAX_S = 10.0
"""From the signal to the end of the process; what is open then, the successor aborts."""
_APP_STOP_S = 4.0
_CRASH_POLL_S = 0.2
_GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""Objects, then rounds, between two searches for garbage in cycles. A batch makes hundreds of thousands of objects and
hardly a cycle: with the interpreter's 700 a search begins every few dozen events."""


def run(config: SequencerConfig) -> int:
    """Sequence until SIGTERM or SIGINT (0) or until a person or supervisor must act (not 0; one line is logged)."""
    quieten()
    try:
        with worker_folder(config.data_dir) as folder:
            return asyncio.run(_Worker(config, folder).run())
    except ChatSnapshotError as error:
        log.error("the sequencer stops (%s): %s", error.code, error)  # noqa: TRY400  one line for a person
        return EXIT_FAILED


class _Worker:
    """One run of the process."""

    def __init__(self, config: SequencerConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._stop = asyncio.Event()
        self._fatal: BaseException | None = None
        framing = framing_with(config.registry_url)
        self._metrics = SequencerMetrics(CollectorRegistry())
        admin = LastingAdmin(config.kafka)
        self._context = LaneContext(
            config,
            admin,
            framing,
            self._metrics,
            folder / "cache",
            RootTopic(admin, config.topics.roots),
            _signer(config.roots),
        )

    async def run(self) -> int:
        """Start everything, wait, stop everything. Raises ChatSnapshotError for what stopped it."""
        try:
            from chatsnapshot_processors.faust_app import at_end, build_app
        except ImportError as error:
            raise MissingExtra("processors", f"the sequencer ({error})") from error
        loop = asyncio.get_running_loop()
        _search_seldom_for_garbage()
        with self._context.admin.asked() as admin:
            require_access(admin, needed_access(self._config))
            describe(admin, self._config.topics)
        pool = LanePool(self._context, partial(self._end_from_thread, loop))
        app = build_app(self._config, self._folder / "faust", pool)
        watchdog = Watchdog(self._config, self._context.admin, pool, loop, self._metrics)
        health = SequencerHealth(watchdog, pool, self._config.limits.stuck_s)
        with self._health_port(health), _stop_signals(loop, self._stop.set):
            watchdog.start()
            ticker = asyncio.create_task(
                Ticker(self._config, pool, partial(at_end, app, self._config.topics.events), self._metrics).run()
            )
            await self._until_stopped(app)
            with _last_resort(EXIT_OK if self._fatal is None else EXIT_FAILED):
                watchdog.stop()
                ticker.cancel()
                await pool.revoke()
                await self._stop_app(app)
        return self._result()

    async def _until_stopped(self, app: Any) -> None:
        """Run the application until a signal, a fatal error of a lane, or its own crash."""
        starting = asyncio.create_task(app.start())
        try:
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _CRASH_POLL_S)
                if starting.done() and (starting.exception() or app.should_stop):
                    self._end(starting.exception() or app.crash_reason or FatalError("the Faust application ended"))
        finally:
            starting.cancel()

    async def _stop_app(self, app: Any) -> None:
        """Leave the group. What goes wrong here no longer matters: the group notices by itself."""
        try:
            await asyncio.wait_for(app.stop(), _APP_STOP_S)
        except Exception as error:
            log.warning("Faust did not stop cleanly: %r", error)

    def _result(self) -> int:
        if self._fatal is None:
            return EXIT_OK
        if isinstance(self._fatal, ChatSnapshotError):
            raise self._fatal
        raise FatalError(f"unexpected: {self._fatal!r}") from self._fatal

    def _end_from_thread(self, loop: asyncio.AbstractEventLoop, error: Exception) -> None:
        with suppress(RuntimeError):  # the loop is closed: the end has come already
            loop.call_soon_threadsafe(self._end, error)

    def _end(self, error: BaseException) -> None:
        self._fatal = self._fatal or refusal_of(self._config, error) or error
        self._stop.set()

    def _health_port(self, health: SequencerHealth) -> AbstractContextManager[int | None]:
        host, port = self._config.metrics_host, self._config.metrics_port
        return health_port(host, port, self._metrics.registry, healthy=health.healthy, ready=health.ready)


def _signer(policy: RootPolicy) -> SigningKey | None:
    """The key that roots are signed with. Raises ConfigurationError."""
    if policy.signing_key_file is not None:
        return SigningKey.load(policy.signing_key_file)
    log.warning(
        "no signing key: roots are written unsigned, and prove something only where they are kept elsewhere "
        "(`chatsnapshot evidence key --make FILE`, then CHATSNAPSHOT_SIGNING_KEY_FILE)"
    )
    return None


@contextmanager
def _stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT ask for a clean end; a worker outside the main thread gets none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def _last_resort(code: int) -> Iterator[None]:
    """End the process with `code` when what is inside takes longer than STOP_MAX_S."""
    timer = threading.Timer(STOP_MAX_S, os._exit, (code,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _search_seldom_for_garbage() -> None:
    """What was loaded by now stays for ever, and is left out of every search."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)

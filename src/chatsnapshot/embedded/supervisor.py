"""Starts the processes of the stack in order, watches them, starts again what dies, and stops them in order.

One thread, no queue: a loop that looks at every child a few times a second. Children are made on the main thread, so
the kernel ends them with it, and all state that matters to others is in two files of the data folder.
"""

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chatsnapshot.embedded.data_folder import FREE_BYTES_FLOOR, FREE_BYTES_TO_START, DataFolder
from chatsnapshot.embedded.endpoints import Endpoints, remove_endpoints, write_endpoints
from chatsnapshot.embedded.liveness import LivenessPolicy
from chatsnapshot.embedded.log_file import bound_log
from chatsnapshot.embedded.process_identity import ProcessIdentity, identify_self
from chatsnapshot.embedded.progress import Progress
from chatsnapshot.embedded.restart_policy import RestartPolicy
from chatsnapshot.embedded.roles import Role, StackPlan
from chatsnapshot.embedded.stop_signals import StopSignals
from chatsnapshot.embedded.supervised_role import SupervisedRole
from chatsnapshot.embedded.supervision_state import Phase, SupervisionRecord, now_text, write_record
from chatsnapshot_schemas.errors import ChatSnapshotError, StackFailed

LOOK_EVERY_S = 0.1
"""A look is five system calls; a dead child is noticed at once for a person."""
UPKEEP_EVERY_S = 2.0
"""Disk space and log sizes: a disk does not fill from the floor to the brim in this time."""


@dataclass(frozen=True)
class SupervisionLimits:
    """When to start again what died or fell silent, and how much disk there must be."""

    restart: RestartPolicy = field(default_factory=RestartPolicy)
    liveness: LivenessPolicy = field(default_factory=LivenessPolicy)
    free_bytes_to_start: int = FREE_BYTES_TO_START
    free_bytes_floor: int = FREE_BYTES_FLOOR


class _StopRequestedError(Exception):
    """Unwinds the start or the watch when a person asked to stop."""


class Supervisor:
    """Runs one plan on one data folder that the caller owns; `run` returns when a person asked to stop."""

    def __init__(
        self,
        folder: DataFolder,
        plan: StackPlan,
        progress: Progress,
        limits: SupervisionLimits,
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._progress = progress
        self._limits = limits
        self._roles: list[SupervisedRole] = []
        self._signals = StopSignals()
        self._phase: Phase = "starting"
        self._error: str | None = None
        self._identity: ProcessIdentity = identify_self()
        self._started_at = now_text()
        self._published: SupervisionRecord | None = None
        self._upkeep_at = 0.0

    def run(self, on_up: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `on_up`, watch until SIGINT, SIGTERM or SIGHUP, stop everything.

        Raises StackFailed when the start fails and DiskFull when the disk fills; all children are stopped then too.
        """
        with self._signals:
            try:
                self._start()
                on_up()
                self._watch()
            except _StopRequestedError:
                pass
            except ChatSnapshotError as error:
                self._error = str(error)
                raise
            finally:
                self._shut_down()

    def _start(self) -> None:
        backends = [self._launch(role) for role in self._plan.backends]
        self._await(backends, self._require_running)
        if self._plan.setup is not None:
            self._run_setup(self._plan.setup)
        workers = [self._launch(role) for role in self._plan.workers]
        self._await(workers, lambda _worker: None)
        self._say_unready(worker for worker in workers if worker.state != "ready")
        self._publish_endpoints()
        self._phase = "up"
        self._publish()

    def _watch(self) -> None:
        while True:
            self._look()
            time.sleep(LOOK_EVERY_S)

    def _launch(self, role: Role) -> SupervisedRole:
        supervised = SupervisedRole(role, self._limits.restart, self._progress.say, self._limits.liveness)
        self._roles.append(supervised)
        supervised.start()
        return supervised

    def _await(self, roles: list[SupervisedRole], check: Callable[[SupervisedRole], None]) -> None:
        """Watch until each role is ready or failing, or has had its time."""
        started = time.monotonic()
        waiting = list(roles)
        while waiting:
            self._look()
            elapsed_s = time.monotonic() - started
            for supervised in roles:
                check(supervised)
            for supervised in [role for role in waiting if role.is_settled]:
                waiting.remove(supervised)
                self._say_ready(supervised, elapsed_s)
            waiting = [supervised for supervised in waiting if elapsed_s < supervised.role.ready_within_s]
            if waiting:
                names = ", ".join(supervised.role.name for supervised in waiting)
                self._progress.busy(f"starting {names}: {elapsed_s:.0f} s")
                time.sleep(LOOK_EVERY_S)
        self._progress.busy("")
        for supervised in roles:
            check(supervised)

    def _require_running(self, backend: SupervisedRole) -> None:
        name = backend.role.name
        if backend.state == "failing":
            raise StackFailed(f"{name} does not start: {backend.last_words()} (see {backend.role.command.log})")
        if backend.state != "ready" and backend.running_s() >= backend.role.ready_within_s:
            raise StackFailed(f"{name} did not answer in {backend.role.ready_within_s:.0f} s: {backend.last_words()}")

    def _run_setup(self, role: Role) -> None:
        """Run it once to its end. Raises StackFailed when it fails or takes longer than its bound."""
        self._progress.busy(f"running {role.name}")
        supervised = SupervisedRole(role, RestartPolicy(failing_after=1), lambda _line: None)
        self._roles.append(supervised)
        supervised.start()
        started = time.monotonic()
        while supervised.state == "starting":
            if time.monotonic() - started > role.ready_within_s:
                raise StackFailed(
                    f"{role.name} did not end within {role.ready_within_s:.0f} s (see {role.command.log})"
                )
            self._look()
            time.sleep(LOOK_EVERY_S)
        self._roles.remove(supervised)
        self._progress.busy("")
        if supervised.record().last_exit != "exit 0":
            raise StackFailed(f"{role.name} failed: {supervised.last_words()} (see {role.command.log})")

    def _look(self) -> None:
        """One round: signals, children, disk and logs, and the state file when something changed."""
        if self._signals.requested:
            raise _StopRequestedError
        for supervised in self._roles:
            supervised.tick()
        if time.monotonic() >= self._upkeep_at:
            self._upkeep_at = time.monotonic() + UPKEEP_EVERY_S
            self._folder.check_room(self._limits.free_bytes_floor)
            for log in self._folder.logs.glob("*.log"):
                bound_log(log)
        self._publish()

    def _shut_down(self) -> None:
        self._phase = "stopping"
        with contextlib.suppress(OSError):
            remove_endpoints(self._folder.path)
        self._publish()
        for supervised in reversed(self._roles):
            self._progress.busy(f"stopping {supervised.role.name}")
            if not supervised.stop(self._signals.hurried):
                self._progress.say(f"{supervised.role.name} did not stop by itself and was killed")
        self._progress.busy("")
        self._phase = "failed" if self._error else "stopped"
        self._publish()
        self._progress.say("stopped")

    def _publish(self) -> None:
        """Write the record where it changed. A disk that is full must not keep the supervisor from its children."""
        record = SupervisionRecord(
            phase=self._phase,
            supervisor=self._identity,
            started_at=self._started_at,
            error=self._error,
            roles=tuple(supervised.record() for supervised in self._roles),
        )
        if record != self._published:
            with contextlib.suppress(OSError):
                write_record(self._folder.state_file, record)
                self._published = record

    def _publish_endpoints(self) -> None:
        addresses = self._plan.addresses
        endpoints = Endpoints(
            pid=self._identity.pid,
            started_at=self._started_at,
            kafka=addresses.kafka,
            clickhouse=addresses.clickhouse,
            http=addresses.http,
        )
        try:
            write_endpoints(self._folder.path, endpoints)
        except OSError as error:
            raise StackFailed(f"the data folder {self._folder.path} cannot be written: {error}") from error

    def _say_ready(self, supervised: SupervisedRole, elapsed_s: float) -> None:
        if supervised.state == "ready":
            port = f" on port {supervised.role.port}" if supervised.role.port else ""
            self._progress.say(f"{supervised.role.name} is ready{port} ({elapsed_s:.1f} s)")

    def _say_unready(self, workers: Iterable[SupervisedRole]) -> None:
        for worker in workers:
            if worker.state != "failing":  # that was said when it happened
                self._progress.say(f"{worker.role.name} is not ready yet; the others go on")

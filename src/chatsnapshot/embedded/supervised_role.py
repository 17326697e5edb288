"""One role under supervision: started, watched, started again after a growing delay when it dies or falls silent."""

import time
from collections.abc import Callable

from chatsnapshot.embedded.liveness import Liveness, LivenessPolicy
from chatsnapshot.embedded.log_file import last_lines
from chatsnapshot.embedded.process import ChildProcess, describe_exit
from chatsnapshot.embedded.restart_policy import RestartPolicy
from chatsnapshot.embedded.roles import Role
from chatsnapshot.embedded.supervision_state import RoleRecord, RoleState
from chatsnapshot_schemas.errors import StackFailed

READY_REST = 2.0
"""After a question whether it is ready, so many times as long as it took is waited before the next."""


class SupervisedRole:
    """A role and its present process. `tick` moves it on; `say` gets one line for each thing a person should know."""

    def __init__(
        self,
        role: Role,
        policy: RestartPolicy,
        say: Callable[[str], None],
        liveness: LivenessPolicy | None = None,
    ) -> None:
        self.role = role
        self.state: RoleState = "waiting"
        self._policy = policy
        self._say = say
        self._child: ChildProcess | None = None
        self._failures = 0
        self._restarts = 0
        self._start_again_at = self._ask_again_at = 0.0
        self._last_exit: str | None = None
        self._was_ready = False
        self._failure_said = False
        self._liveness = _liveness(role, liveness or LivenessPolicy())

    @property
    def is_settled(self) -> bool:
        """Whether the start-up need not wait for it any longer."""
        return self.state in ("ready", "failing")

    def record(self) -> RoleRecord:
        """What others may know of it."""
        return RoleRecord(
            role=self.role.name,
            state=self.state,
            process=self._child.identity if self._child else None,
            port=self.role.port,
            restarts=self._restarts,
            last_exit=self._last_exit,
        )

    def start(self) -> None:
        """Start the process. A start that the system refuses counts as a death."""
        try:
            self._child = ChildProcess(self.role.command)
        except (StackFailed, OSError) as error:
            self._on_death(str(error), uptime_s=0.0)
            return
        if self._liveness is not None:
            self._liveness.begin()
        if not self._policy.is_failing(self._failures):
            self.state = "starting"

    def tick(self) -> None:
        """Look at the process, and do what is due. Takes as long as the role's readiness probe, at most."""
        child = self._child
        if child is None:
            if self.state in ("backing_off", "failing") and time.monotonic() >= self._start_again_at:
                self._restarts += 1
                self.start()
            return
        status = child.poll()
        if status is not None:
            child.kill()  # what it left in its process group
            self._on_death(describe_exit(status), child.uptime_s())
        elif self._liveness is not None and (complaint := self._liveness.complaint()) is not None:
            child.kill()  # at once: what does not answer will not end in order either
            self._on_death(f"killed: {complaint}", child.uptime_s())
        elif self.state != "ready" and self._asked_ready():
            self._on_ready()

    def stop(self, hurried: Callable[[], bool]) -> bool:
        """Stop the process; True when it ended by itself within its bound."""
        self.state = "stopped"
        if self._liveness is not None:
            self._liveness.end()
        child, self._child = self._child, None
        return child is None or child.stop(self.role.stop_within_s, hurried)

    def running_s(self) -> float:
        """Since the present process was started; 0 without one."""
        return self._child.uptime_s() if self._child else 0.0

    def last_words(self) -> str:
        """The last line of its log that is not empty."""
        lines = [line.strip() for line in last_lines(self.role.command.log, 20) if line.strip()]
        return lines[-1] if lines else "nothing in its log"

    def _asked_ready(self) -> bool:
        """Its answer, if it is time to ask: a busy process must not find more and more questions waiting."""
        asked_at = time.monotonic()
        if asked_at < self._ask_again_at:
            return False
        ready = self.role.is_ready()
        now = time.monotonic()
        self._ask_again_at = now + READY_REST * (now - asked_at)
        return ready

    def _on_ready(self) -> None:
        self.state = "ready"
        if self._was_ready or self._restarts:
            self._say(f"{self.role.name} is back")
        self._was_ready = True
        self._failure_said = False

    def _on_death(self, how: str, uptime_s: float) -> None:
        self._child = None
        if self._liveness is not None:
            self._liveness.pause()
        self._last_exit = how
        self._failures = self._policy.failures_after(self._failures, uptime_s)
        delay_s = self._policy.delay_s(self._failures)
        self._start_again_at = time.monotonic() + delay_s
        if not self._policy.is_failing(self._failures):
            self.state = "backing_off"
            self._say(f"{self.role.name} died ({how}); starting it again in {delay_s:g} s")
        else:
            self.state = "failing"
            self._say_failure(how)

    def _say_failure(self, how: str) -> None:
        if self._failure_said:
            return
        self._failure_said = True
        self._say(
            f"{self.role.name} FAILED {self._failures} times in a row ({how}): {self.last_words()}; "
            f"`chatsnapshot logs {self.role.name}` shows more"
        )


def _liveness(role: Role, policy: LivenessPolicy) -> Liveness | None:
    if role.is_alive is None:
        return None
    return Liveness(role.is_alive, policy, patience=role.patience, first_answer_within_s=role.first_answer_within_s)

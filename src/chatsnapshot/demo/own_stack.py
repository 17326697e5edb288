"""The stack under the demo: the one that runs already, or one that is started for it and stopped behind it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from chatsnapshot.embedded.background import start_in_background, stop_running
from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.endpoints import read_endpoints
from chatsnapshot.embedded.progress import Progress
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import StackFailed, StackNotRunning

HOLD_S = 3.0
"""The bound of held events in a stack that the demo starts: the planted gap is recorded when it is over."""
HOLD_VARIABLE = "CHATSNAPSHOT_HOLD_S"
ASKED_TO_END = (signal.SIGTERM, signal.SIGHUP)


def is_running(settings: Settings) -> bool:
    """Whether there is something to record to: a local stack, or servers that the environment names."""
    if settings.kafka_bootstrap_servers and settings.clickhouse_url:
        return True
    return read_endpoints(settings.data_dir) is not None


@contextmanager
def stack_for_demo(settings: Settings, progress: Progress, *, keep: bool) -> Iterator[float]:
    """Yields how long events are held at most, in seconds. A stack that was started here is stopped on leaving.

    `keep`: it stays. Raises StackFailed.
    """
    if is_running(settings):
        yield settings.hold_s
        return
    folder = DataFolder(settings.data_dir.absolute())
    hold_s = float(os.environ.setdefault(HOLD_VARIABLE, str(HOLD_S)))
    with _ends_like_ctrl_c():
        try:
            _start(folder, progress)
            yield hold_s
        finally:
            if not keep:
                with contextlib.suppress(StackNotRunning):  # stopped from elsewhere, or it never started
                    stop_running(folder, progress)


def _start(folder: DataFolder, progress: Progress) -> None:
    record = start_in_background(folder, progress)
    failing = [role.role for role in record.roles if role.state == "failing"]
    if failing:
        raise StackFailed(f"the stack is up without {', '.join(failing)}; its logs are in {folder.logs}")


@contextmanager
def _ends_like_ctrl_c() -> Iterator[None]:
    """Requests to end leave by the same way as Ctrl-C, so that no process stays behind."""
    before = {number: signal.signal(number, _interrupt) for number in ASKED_TO_END}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

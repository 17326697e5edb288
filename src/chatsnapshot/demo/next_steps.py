"""What to try after the demo, as commands that can be copied."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from chatsnapshot.embedded.endpoints import read_endpoints
from chatsnapshot.settings import Settings


def next_steps(run_id: str, settings: Settings, *, stack_stays: bool) -> list[tuple[str, str]]:
    """Commands for a person who wants to see more, each with what it is good for."""
    program = _program()
    steps = []
    if settings.data_dir != Settings.model_fields["data_dir"].get_default(call_default_factory=True):
        steps.append((f"export CHATSNAPSHOT_DATA_DIR={shlex.quote(str(settings.data_dir))}", "where this stack lives"))
    if not stack_stays:
        steps.append((f"{program} up --detach", "the stack again, with everything that was recorded"))
    steps += [
        (f"{program} show {run_id} --mode full --graph", "every call, answer and cost of this run"),
        (f"{program} why {run_id} 20", "what led to event 20, and what followed"),
        (f"{program} verify {run_id}", "prove it again, from the raw topic"),
        (f"{program} quarantine list", "the refused event, with its reason and bytes"),
        (f'{program} sql "SELECT * FROM billing_by_run"', "any question, in SQL"),
        (f"{program} status", "the processes, topics and lags behind all this"),
    ]
    endpoints = read_endpoints(settings.data_dir)
    if stack_stays and endpoints is not None:
        steps.append((f"curl {endpoints.http.url}/v1/runs/{run_id}/events", "the same over HTTP"))
    return steps


def _program() -> str:
    """How this program can be called from here: by name when it is on the path, else by the way it was called."""
    if shutil.which("chatsnapshot"):
        return "chatsnapshot"
    called = Path(sys.argv[0])
    if called.name != "chatsnapshot" or not called.exists():
        return f"{shlex.quote(sys.executable)} -m chatsnapshot"
    near = os.path.relpath(called)
    return shlex.quote(near if not near.startswith("..") else str(called))

"""The embedded stack as one call: own the folder, clear up after a kill, plan, run."""

from collections.abc import Callable

from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.endpoints import remove_endpoints
from chatsnapshot.embedded.leftovers import end_leftovers
from chatsnapshot.embedded.process_identity import identify_self
from chatsnapshot.embedded.progress import Progress
from chatsnapshot.embedded.roles import Addresses, StackPlan
from chatsnapshot.embedded.stack_plan import plan_stack
from chatsnapshot.embedded.supervision_state import SupervisionRecord, now_text, write_record
from chatsnapshot.embedded.supervisor import SupervisionLimits, Supervisor
from chatsnapshot.settings import Settings

Plan = Callable[[Settings, DataFolder, Progress], StackPlan]


def run_stack(
    settings: Settings,
    folder: DataFolder,
    progress: Progress,
    on_up: Callable[[Addresses], None] = lambda _addresses: None,
    plan: Plan = plan_stack,
    limits: SupervisionLimits | None = None,
) -> None:
    """Run the stack on this (prepared) folder in this process until it is asked to stop.

    Raises AlreadyRunning, DiskFull, PortTaken, BrokerUnavailable, ClickHouseUnavailable, MissingExtra, StackFailed; no
    child is left then.
    """
    limits = limits or SupervisionLimits()
    with folder.owned():
        for role in end_leftovers(folder.state_file):
            progress.say(f"ended {role}, which a killed stack had left running")
        remove_endpoints(folder.path)
        folder.check_room(limits.free_bytes_to_start)
        write_record(folder.state_file, planning_record())
        planned = plan(settings, folder, progress)
        Supervisor(folder, planned, progress, limits).run(lambda: on_up(planned.addresses))


def planning_record() -> SupervisionRecord:
    """This process is the supervisor and has no child yet: enough for `down` to reach it during a long download."""
    return SupervisionRecord(phase="starting", supervisor=identify_self(), started_at=now_text())

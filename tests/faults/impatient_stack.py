"""The real stack with a supervisor that loses patience soon: `python -m tests.faults.impatient_stack DATA_DIR`."""

import sys
from pathlib import Path

from chatsnapshot.embedded.data_folder import SUPERVISOR_LOG, DataFolder
from chatsnapshot.embedded.liveness import LivenessPolicy
from chatsnapshot.embedded.progress import LogProgress
from chatsnapshot.embedded.stack import run_stack
from chatsnapshot.embedded.supervisor import SupervisionLimits
from chatsnapshot.settings import Settings

IMPATIENT = LivenessPolicy(ask_every_s=0.3, unanswered_max=10)
"""A dozen seconds with the time-outs of the questions."""

if __name__ == "__main__":
    folder = DataFolder(Path(sys.argv[1]))
    folder.prepare()
    progress = LogProgress(folder.log(SUPERVISOR_LOG))
    run_stack(Settings(data_dir=folder.path), folder, progress, limits=SupervisionLimits(liveness=IMPATIENT))

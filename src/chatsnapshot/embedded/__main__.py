"""The supervisor without a terminal: `python -m chatsnapshot.embedded --data-dir D`, as `chatsnapshot up -d` starts it.

What a person should know goes, with times, to the log `supervisor` of the data folder.
"""

import argparse
import sys
from pathlib import Path

from chatsnapshot.embedded.data_folder import SUPERVISOR_LOG, DataFolder
from chatsnapshot.embedded.progress import LogProgress
from chatsnapshot.embedded.stack import run_stack
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ChatSnapshotError


def main() -> int:
    """Run until stopped; 1 when it failed."""
    parser = argparse.ArgumentParser(prog="chatsnapshot.embedded")
    parser.add_argument("--data-dir", type=Path, required=True)
    settings = Settings(data_dir=parser.parse_args().data_dir)
    folder = DataFolder(settings.data_dir)
    progress = LogProgress(folder.log(SUPERVISOR_LOG))
    try:
        folder.prepare()
        run_stack(settings, folder, progress)
    except (ChatSnapshotError, OSError) as error:
        progress.say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

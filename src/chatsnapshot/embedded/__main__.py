"""The supervisor without a terminal: `python -m chatsnapshot.embedded --data-dir D`, as `chatsnapshot up -d` starts it.

What a person should know goes, with times, to the log `supervisor` of the data folder.
"""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from chatsnapshot.embedded.data_folder import SUPERVISOR_LOG, DataFolder
from chatsnapshot.embedded.progress import ERROR_MARK, LogProgress
from chatsnapshot.embedded.stack import run_stack
from chatsnapshot.settings import Settings, setting_errors
from chatsnapshot_schemas.errors import ChatSnapshotError


def main() -> int:
    """Run until stopped; 1 when it failed."""
    parser = argparse.ArgumentParser(prog="chatsnapshot.embedded")
    parser.add_argument("--data-dir", type=Path, required=True)
    folder = DataFolder(parser.parse_args().data_dir)
    progress = LogProgress(folder.log(SUPERVISOR_LOG))
    try:
        folder.prepare()
        run_stack(Settings(data_dir=folder.path), folder, progress)
    except ValidationError as error:
        return _failed(progress, setting_errors(error))
    except (ChatSnapshotError, OSError) as error:
        return _failed(progress, str(error))
    return 0


def _failed(progress: LogProgress, reason: str) -> int:
    progress.say(f"{ERROR_MARK}{reason}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

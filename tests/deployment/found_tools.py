"""Where the chart's and the compose file's own tools are: `.tools`, made by `make tools`, else the PATH."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools"
WITHIN_S = 60


def tool(name: str) -> str:
    """Its path. Skips the test when it is not there."""
    found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"no {name} in .tools or on the PATH: `make tools` fetches it (needs go)")
    return found


def run(*command: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """A tool with its output, whatever its exit code."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=WITHIN_S, check=False)

"""The built wheel in an empty environment: public names, the command line, and a clear word for a missing extra."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHIN_S = 280


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and its base dependencies, nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    run([sys.executable, "-m", *build])
    (wheel,) = folder.glob("chatsnapshot-*.whl")
    venv.create(folder / "env", with_pip=True)
    pinned = ROOT / "requirements.lock"
    hashless = folder / "constraints.txt"
    lines = (line for line in pinned.read_text().splitlines() if "==" in line)
    hashless.write_text("\n".join(line.split(";")[0].rstrip(" \\") for line in lines))
    python = folder / "env" / "bin" / "python"
    run([str(python), "-m", "pip", "install", "--quiet", "-c", str(hashless), str(wheel)])
    return python.parent


def run(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_public_names_come_from_the_wheel(empty_environment: Path) -> None:
    program = (
        "import chatsnapshot; from chatsnapshot import *; print(chatsnapshot.__file__, Recorder, Ledger, EventEnvelope)"
    )
    shown = run([str(empty_environment / "python"), "-c", program]).stdout
    assert "site-packages" in shown
    assert str(ROOT) not in shown


def test_importing_the_package_loads_nothing_heavy(empty_environment: Path) -> None:
    program = "import sys, chatsnapshot; print(*{'confluent_kafka', 'pydantic', 'fastavro'} & set(sys.modules))"
    assert run([str(empty_environment / "python"), "-c", program]).stdout.strip() == ""


def test_the_command_line_is_there_and_names_a_missing_extra(empty_environment: Path, tmp_path: Path) -> None:
    chatsnapshot = str(empty_environment / "chatsnapshot")
    assert "record" in run([chatsnapshot, "--help"]).stdout
    refused = subprocess.run(
        [chatsnapshot, "up", "--data-dir", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "chatsnapshot[embedded]" in refused.stderr

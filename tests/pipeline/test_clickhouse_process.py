"""The ClickHouse endpoint as a process: it owns its folder, keeps its data, and ends when it is told to."""

import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.fixtures.clickhouse import running_endpoint


def post(url: str, sql: str) -> str:
    response = httpx.post(url, content=sql, timeout=60)
    assert response.status_code == 200, response.text
    return response.text


def start_refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chatsnapshot.embedded.clickhouse", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_data_stay_and_sigterm_ends_it_even_during_a_query(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running_endpoint(folder) as (url, process):
        post(url, "CREATE DATABASE d")
        post(url, "CREATE TABLE d.t (n UInt64) ENGINE = MergeTree ORDER BY n")
        post(url, "INSERT INTO d.t SELECT number FROM numbers(1000)")
        errors: list[Exception] = []
        slow = threading.Thread(target=_ask_slowly, args=(url, errors))
        slow.start()
        while post(url, "SELECT count() FROM system.processes WHERE query LIKE '%sleepEach' || 'Row%'") == "0\n":
            pass
        process.terminate()
        assert process.wait(timeout=15) == 0
        slow.join()
        assert errors
    with running_endpoint(folder) as (url, _):
        assert post(url, "SELECT count(), sum(n) FROM d.t") == "1000\t499500\n"


def _ask_slowly(url: str, errors: list[Exception]) -> None:
    try:
        post(url, "SELECT sum(sleepEachRow(1)) FROM numbers(600) SETTINGS max_block_size = 1")
    except (httpx.HTTPError, AssertionError) as error:
        errors.append(error)


def test_a_second_process_on_the_folder_and_a_taken_port_are_refused_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running_endpoint(folder) as (url, _):
        second = start_refused("--data-dir", str(folder), "--port", "0")
        assert second.returncode == 1
        assert second.stderr == f"error: another process serves the ClickHouse data in {folder}\n"
        port = url.rpartition(":")[2]
        taken = start_refused("--data-dir", str(tmp_path / "other"), "--port", port)
        assert taken.returncode == 1
        assert taken.stderr.startswith(f"error: cannot listen on 127.0.0.1:{port}: ")
        assert taken.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = start_refused("--data-dir", str(tmp_path / "file"), "--port", "0")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: the data folder ")
    assert refused.stderr.count("\n") == 1


def test_what_a_killed_process_left_does_not_stay(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running_endpoint(folder) as (url, process):
        post(url, "CREATE DATABASE d")
        process.kill()
        process.wait()
    left = folder / "requests" / "left"
    left.write_bytes(b"body of a request")
    with running_endpoint(folder) as (url, _):
        assert post(url, "EXISTS DATABASE d") == "1\n"
        assert not left.exists()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_pages_of_a_browser_do_not_reach_it(clickhouse_url: str, headers: dict[str, str]) -> None:
    response = httpx.post(clickhouse_url, content="SELECT 1", headers=headers)
    assert response.status_code == 403
    assert "(ACCESS_DENIED)" in response.text


def test_memory_stays_flat_whatever_the_size_of_a_result(tmp_path: Path) -> None:
    with running_endpoint(tmp_path / "data") as (url, process):
        received = [_stream(url, rows) for rows in (1_000_000, 40_000_000)]
        before = _peak_bytes(process.pid)
        received.append(_stream(url, 40_000_000))
        assert received[1] == received[2] > 300_000_000
        assert _peak_bytes(process.pid) - before < 100_000_000


def _stream(url: str, rows: int) -> int:
    total = 0
    sql = f"SELECT number FROM numbers({rows}) FORMAT Native"
    with httpx.stream("POST", url, content=sql, timeout=60) as response:
        for piece in response.iter_raw():
            total += len(piece)
    return total


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs /proc")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

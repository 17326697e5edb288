import os
from pathlib import Path

from chatsnapshot.embedded.log_file import LogReader, append_line, bound_log, last_lines, without_time


def test_a_line_is_stamped_and_can_be_read_without_its_time(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append_line(log, "kafka is ready")
    (line,) = last_lines(log, 5)
    assert line != "kafka is ready"
    assert without_time(line) == "kafka is ready"
    assert without_time("Traceback (most recent call last)") == "Traceback (most recent call last)"


def test_the_last_lines_are_the_last(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\ntwo\r\nthr\xff\nfour")
    assert last_lines(log, 3) == ["two", "thr\ufffd", "four"]
    assert last_lines(tmp_path / "absent.log", 3) == []


def test_a_large_log_is_moved_aside_under_its_open_writer(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, b"old\n" * 10)
        bound_log(log, bytes_max=100)
        assert not (tmp_path / "a.log.1").exists()
        bound_log(log, bytes_max=10)
        os.write(descriptor, b"new\n")
    finally:
        os.close(descriptor)
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "a.log.1").read_bytes() == b"old\n" * 10


def test_a_reader_sees_whole_new_lines_only_and_survives_a_fresh_start(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n")
    reader = LogReader(log)
    assert reader.lines() == []
    with log.open("a") as file:
        file.write("one\ntw")
    assert reader.lines() == ["one"]
    with log.open("a") as file:
        file.write("o\n")
    assert reader.lines() == ["two"]
    log.write_text("again\n")
    assert reader.lines() == ["again"]

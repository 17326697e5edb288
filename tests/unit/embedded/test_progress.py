import io
from pathlib import Path

from chatsnapshot.embedded.log_file import last_lines
from chatsnapshot.embedded.progress import BothProgress, LogProgress, PlainProgress, progress_for


def test_plain_lines_say_each_wait_once_while_its_figures_move() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.busy("downloading: 1 MB")
    progress.busy("downloading: 2 MB")
    progress.say("done")
    progress.busy("")
    progress.busy("starting kafka: 0 s")
    assert stream.getvalue().splitlines() == ["downloading ...", "done", "starting kafka ..."]


def test_a_log_holds_what_happened_and_not_what_was_waited_for(tmp_path: Path) -> None:
    stream, log = io.StringIO(), tmp_path / "supervisor.log"
    progress = BothProgress(PlainProgress(stream), LogProgress(log))
    progress.busy("starting kafka: 0 s")
    progress.say("kafka is ready")
    assert stream.getvalue().splitlines() == ["starting kafka ...", "kafka is ready"]
    assert [line[20:] for line in last_lines(log, 5)] == ["kafka is ready"]


def test_a_log_that_cannot_be_written_does_not_stop_its_writer(tmp_path: Path) -> None:
    LogProgress(tmp_path / "absent" / "supervisor.log").say("kafka is ready")


def test_a_stream_that_is_no_terminal_gets_plain_lines() -> None:
    assert isinstance(progress_for(io.StringIO()), PlainProgress)

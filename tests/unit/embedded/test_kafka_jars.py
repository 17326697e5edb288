"""Downloads from a Maven repository on loopback: whole, interrupted, tampered with."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chatsnapshot.embedded import kafka_jars
from chatsnapshot.embedded.kafka_jar_lock import KAFKA_VERSION, LockedJar, locked_jars
from chatsnapshot.embedded.kafka_jars import ATTEMPTS_MAX, bring_kafka_jars, jars_complete
from chatsnapshot.embedded.progress import PlainProgress
from chatsnapshot_schemas.errors import ConfigurationError, StackFailed

CONTENTS = {"one": b"first jar", "two": b"second jar"}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, list[str]]]:
    """A repository folder that is served, and the paths that were asked for."""
    folder = tmp_path / "maven"
    for name, content in CONTENTS.items():
        place = folder / "org" / "example" / name / "1.0"
        place.mkdir(parents=True)
        (place / f"{name}-1.0.jar").write_bytes(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    jars = tuple(
        LockedJar("org.example", name, "1.0", len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENTS.items()
    )
    monkeypatch.setattr(kafka_jars, "locked_jars", lambda: jars)
    monkeypatch.setattr(kafka_jars, "RETRY_AFTER_S", 0.0)
    real_context = kafka_jars._maven_context

    def local_context(repository: Path, progress_callback: Any) -> Any:
        context = real_context(repository, progress_callback)
        context.remote_repos = {"local": f"http://127.0.0.1:{server.server_port}"}
        return context

    monkeypatch.setattr(kafka_jars, "_maven_context", local_context)
    yield folder, server.asked  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def test_brings_every_jar_once(
    tmp_path: Path, maven: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    folder = bring_kafka_jars(cache, PlainProgress())
    assert {jar.name: jar.read_bytes() for jar in folder.glob("*.jar")} == {
        f"{name}-1.0.jar": content for name, content in CONTENTS.items()
    }
    said = capsys.readouterr().err
    assert f"downloading Apache Kafka {KAFKA_VERSION}: 2 jars, 0 MB" in said
    asked = len(maven[1])
    bring_kafka_jars(cache, PlainProgress())
    assert len(maven[1]) == asked
    assert capsys.readouterr().err == ""


def test_a_failed_download_leaves_no_folder_that_looks_whole_and_the_next_goes_on_from_there(
    tmp_path: Path, maven: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    absent = maven[0] / "org/example/two/1.0/two-1.0.jar"
    absent.unlink()
    with pytest.raises(StackFailed, match=r"two-1\.0\.jar"):
        bring_kafka_jars(cache, PlainProgress())
    assert capsys.readouterr().err.count("trying again") == ATTEMPTS_MAX - 1
    assert not jars_complete(cache)
    assert not kafka_jars.jar_folder(cache).exists()
    absent.write_bytes(CONTENTS["two"])
    maven[1].clear()
    bring_kafka_jars(cache, PlainProgress())
    assert jars_complete(cache)
    assert not any("one-1.0.jar" in path for path in maven[1])


def test_a_jar_of_other_content_is_refused(tmp_path: Path, maven: tuple[Path, list[str]]) -> None:
    (maven[0] / "org/example/two/1.0/two-1.0.jar").write_bytes(b"SECOND JAR")
    with pytest.raises(StackFailed, match="not the one that was pinned"):
        bring_kafka_jars(tmp_path / "cache", PlainProgress())


def test_a_truncated_jar_is_brought_again(tmp_path: Path, maven: tuple[Path, list[str]]) -> None:
    folder = bring_kafka_jars(tmp_path / "cache", PlainProgress())
    (folder / "one-1.0.jar").write_bytes(b"fir")
    assert not jars_complete(tmp_path / "cache")
    bring_kafka_jars(tmp_path / "cache", PlainProgress())
    assert (folder / "one-1.0.jar").read_bytes() == CONTENTS["one"]


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path: Path, maven: tuple[Path, list[str]]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        bring_kafka_jars(tmp_path / "file" / "cache", PlainProgress())


def test_the_lock_names_the_broker_its_clients_and_a_log_backend() -> None:
    names = {jar.artifact: jar for jar in locked_jars()}
    assert names["kafka_2.13"].version == names["kafka-clients"].version == KAFKA_VERSION
    assert names["log4j-slf4j-impl"].version == names["log4j-core"].version
    assert all(len(jar.sha256) == 64 and jar.size_bytes > 0 for jar in names.values())

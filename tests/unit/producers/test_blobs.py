import hashlib
import multiprocessing
import os
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from chatsnapshot_producers import blob_folder, blobs
from chatsnapshot_producers.blob_folder import INCOMING, LEFT_BEHIND_AGE_S
from chatsnapshot_producers.blob_url import BlobUrl
from chatsnapshot_producers.blobs import FsspecBlobStore, check_blob
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import BlobChanged, BlobMissing, BlobUnavailable, ConfigurationError

CONTENT = b'{"content":"' + b"x" * 3_000_000 + b'"}'


@pytest.fixture(params=["path", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FsspecBlobStore:
    urls = {
        "path": str(tmp_path / "a folder"),
        "file": (tmp_path / "b").as_uri() + "/",
        "memory": f"memory://t{uuid.uuid4().hex}",
    }
    return FsspecBlobStore(urls[request.param])


def blob_file(root: Path, ref: PayloadRef) -> Path:
    return root / ref.sha256[:2] / ref.sha256


def test_what_was_put_is_got(store: FsspecBlobStore) -> None:
    ref = store.put(CONTENT)
    assert (ref.sha256, ref.bytes) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert ref.uri == f"{store.where}/{ref.sha256[:2]}/{ref.sha256}"
    assert store.get(ref) == CONTENT
    assert store.size(ref.sha256) == len(CONTENT)
    check_blob(store, ref)
    assert store.put(CONTENT) == ref


def test_what_is_not_there_is_missing(store: FsspecBlobStore) -> None:
    store.put(b"something else")
    lost = PayloadRef("", "ab" * 32, 5)
    assert store.size(lost.sha256) is None
    with pytest.raises(BlobMissing, match="abababab"):
        store.get(lost)


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "AB" * 32, "ab" * 31 + "/x", "ab" * 32 + "\n"])
def test_what_is_no_digest_is_never_looked_for(store: FsspecBlobStore, sha256: str) -> None:
    with pytest.raises(BlobMissing, match="64 lower-case hexadecimal digits"):
        store.get(PayloadRef("", sha256, 5))


def test_a_folder_has_one_whole_file_by_its_digest(tmp_path: Path) -> None:
    ref = FsspecBlobStore(str(tmp_path / "blobs"), fsync=True).put(CONTENT)
    assert ref.uri == blob_file(tmp_path / "blobs", ref).as_uri()
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [blob_file(tmp_path / "blobs", ref)]
    assert (tmp_path / "blobs").stat().st_mode & 0o777 == 0o700


def test_one_that_is_there_is_not_written_again_but_a_cut_one_is(tmp_path: Path) -> None:
    store = FsspecBlobStore(str(tmp_path))
    ref = store.put(CONTENT)
    file = blob_file(tmp_path, ref)
    before = file.stat().st_ino
    store.put(CONTENT)
    assert file.stat().st_ino == before
    file.write_bytes(CONTENT[:-1])
    store.put(CONTENT)
    assert store.get(ref) == CONTENT


def test_a_changed_blob_is_noticed(tmp_path: Path) -> None:
    store = FsspecBlobStore(str(tmp_path))
    ref = store.put(CONTENT)
    file = blob_file(tmp_path, ref)
    for changed in (CONTENT.replace(b"x", b"y", 1), CONTENT[:-1], CONTENT + b" "):
        file.write_bytes(changed)
        with pytest.raises(BlobChanged):
            store.get(ref)
        with pytest.raises(BlobChanged):
            check_blob(store, ref)


def test_an_event_that_claims_more_than_any_payload_has_is_not_read(tmp_path: Path) -> None:
    store = FsspecBlobStore(str(tmp_path))
    with pytest.raises(BlobChanged, match="no payload has"):
        store.get(replace(store.put(CONTENT), bytes=blobs.BLOB_BYTES_MAX + 1))


def test_a_file_that_an_event_names_is_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"{}")
    store = FsspecBlobStore(str(tmp_path / "blobs"))
    forged = PayloadRef(secret.as_uri(), hashlib.sha256(b"{}").hexdigest(), 2)
    store.put(b"[]")
    with pytest.raises(BlobMissing):
        store.get(forged)


def test_the_digest_counts_wherever_an_event_says_that_it_lies(tmp_path: Path) -> None:
    store = FsspecBlobStore(str(tmp_path))
    ref = replace(store.put(CONTENT), uri="s3://another-bucket/of/the/producer")
    assert store.get(ref) == CONTENT


def test_storage_that_is_away_is_said_and_comes_back(tmp_path: Path) -> None:
    in_the_way = tmp_path / "disk"
    in_the_way.touch()
    store = FsspecBlobStore(str(in_the_way / "blobs"))
    with pytest.raises(BlobUnavailable, match="Not a directory"):
        store.put(CONTENT)
    with pytest.raises(BlobUnavailable, match="Not a directory"):
        check_blob(store, PayloadRef("", "ab" * 32, 5))
    in_the_way.unlink()
    with pytest.raises(BlobUnavailable, match="No such file or directory"):  # not mounted, rather than one lost file
        store.get(PayloadRef("", "ab" * 32, 5))
    store.put(CONTENT)


def test_what_a_dead_process_left_half_written_is_removed_one_day(tmp_path: Path) -> None:
    (tmp_path / INCOMING).mkdir()
    old, new = tmp_path / INCOMING / "old", tmp_path / INCOMING / "new"
    for file in (old, new):
        file.touch()
    long_ago = time.time() - LEFT_BEHIND_AGE_S - 60
    os.utime(old, (long_ago, long_ago))
    FsspecBlobStore(str(tmp_path)).put(CONTENT)
    assert not old.exists()
    assert new.exists()


def test_no_more_leftovers_are_looked_at_than_a_start_has_time_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blob_folder, "LEFT_BEHIND_MAX", 2)
    (tmp_path / INCOMING).mkdir()
    for number in range(5):
        file = tmp_path / INCOMING / f"old-{number}"
        file.touch()
        os.utime(file, (0, 0))
    FsspecBlobStore(str(tmp_path)).put(CONTENT)
    assert len(list((tmp_path / INCOMING).glob("old-*"))) == 3


def _put_and_exit(store: FsspecBlobStore) -> None:
    store.put(CONTENT)


def test_a_forked_child_goes_on_with_it(tmp_path: Path) -> None:
    store = FsspecBlobStore(str(tmp_path))
    store.put(b"the parent's")
    child = multiprocessing.get_context("fork").Process(target=_put_and_exit, args=(store,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert store.size(hashlib.sha256(CONTENT).hexdigest()) == len(CONTENT)


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("s3://someone:hidden@Bucket/a/b/?secret=hidden#x", "s3://Bucket/a/b"),
        ("memory://Bucket/Prefix?token=hidden", "memory://Bucket/Prefix"),
        ("file:///a%20b/", "file:///a%20b"),
        ("file://localhost/c", "file:///c"),
    ],
)
def test_neither_password_nor_query_is_shown_or_recorded(
    url: str, public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatsnapshot_producers.blob_url.find_spec", lambda package: object())
    store = FsspecBlobStore(url)
    assert store.where == public
    assert store.uri("ab" * 32) == f"{public}/ab/{'ab' * 32}"
    assert "hidden" not in repr(vars(store))


def test_what_a_driver_says_is_told_without_secrets() -> None:
    url = BlobUrl.parse("memory://someone:pa55word@a/b?endpoint_url=http://host:1&secret=hidden-one")
    assert url.without_secrets("pa55word hidden-one http://host:1") == "*** *** http://host:1"


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsnapshot_producers.blob_url.find_spec", lambda package: None)
    with pytest.raises(ConfigurationError, match="the driver of s3:// is not installed: pip install s3fs"):
        FsspecBlobStore("s3://bucket/prefix")
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(ConfigurationError, match=r"the driver of sftp:// is not installed: .*paramiko"):
        FsspecBlobStore("sftp://host/folder")


@pytest.mark.parametrize(
    "url", ["https://host/x", "nonsense://x", "file://host/x", "file:x://", "memory://", "s3://a::b://c"]
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CHATSNAPSHOT_BLOB_URL"):
        FsspecBlobStore(url)


def test_a_path_of_the_longest_names_is_refused_before_an_event_is() -> None:
    with pytest.raises(ConfigurationError, match="printable characters"):
        FsspecBlobStore("/" + "x/" * 1_000)

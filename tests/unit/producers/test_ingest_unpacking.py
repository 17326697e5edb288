import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_producers.ingest_unpacking import unpacked
from chatsnapshot_schemas.errors import InvalidEvent, UnsupportedMedia
from chatsnapshot_schemas.reasons import Reason


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)]


@given(st.binary(max_size=500), st.sampled_from(PACKERS))
def test_what_was_packed_comes_back(data: bytes, packer: tuple[str, object]) -> None:
    encoding, pack = packer
    assert unpacked(pack(data), encoding, 500) == data  # type: ignore[operator]


def test_members_of_a_gzip_file_are_joined() -> None:
    assert unpacked(gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two"), "gzip", 6) == b"onetwo"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", b"x" * 101),
        ("gzip", gzip.compress(b"x" * 101)),
        ("gzip", gzip.compress(b"x" * 100) + gzip.compress(b"x")),
        ("deflate", zlib.compress(b"x" * 10_000_000)),
    ],
    ids=["plain", "gzip", "second member", "bomb"],
)
def test_one_byte_more_than_allowed_is_too_large(encoding: str, body: bytes) -> None:
    with pytest.raises(InvalidEvent, match="more than 100 bytes") as caught:
        unpacked(body, encoding, 100)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("damage", [lambda data: data[:-3], lambda data: b"\x00" + data, lambda data: data[:1]])
def test_damaged_bodies_are_undecodable(encoding: str, damage: object) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    with pytest.raises(InvalidEvent) as caught:
        unpacked(damage(pack(b"some text" * 9)), encoding, 1_000)  # type: ignore[operator]
    assert caught.value.reason is Reason.UNDECODABLE


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_other_encodings_say_what_is_taken(encoding: str) -> None:
    with pytest.raises(UnsupportedMedia, match="gzip, deflate, identity"):
        unpacked(b"", encoding, 1)

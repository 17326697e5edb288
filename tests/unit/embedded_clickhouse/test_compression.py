import gzip
import zlib

import lz4.frame
import pytest
import zstandard

from chatsnapshot.embedded.clickhouse.compression import choose_coding, decoder, encoder
from chatsnapshot.embedded.clickhouse.errors import EndpointError

ENCODE = {"lz4": lz4.frame.compress, "zstd": zstandard.compress, "gzip": gzip.compress, "deflate": zlib.compress}
TEXT = b"".join(b"line %d\n" % number for number in range(5000))


@pytest.mark.parametrize("coding", ENCODE)
@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_any_number_of_frames_in_pieces_of_any_size(coding: str, piece: int) -> None:
    body = b"".join(ENCODE[coding](TEXT[at : at + 9000]) for at in range(0, len(TEXT), 9000))
    decode = decoder(coding)
    assert b"".join(decode.feed(body[at : at + piece]) for at in range(0, len(body), piece)) == TEXT
    decode.finish()


@pytest.mark.parametrize("coding", ENCODE)
def test_a_body_that_is_cut_or_wrong_is_an_error(coding: str) -> None:
    decode = decoder(coding)
    decode.feed(ENCODE[coding](TEXT)[:-2])
    with pytest.raises(EndpointError, match="ends inside a frame"):
        decode.finish()
    with pytest.raises(EndpointError) as caught:
        decoder(coding).feed(b"not a frame of this coding")
    assert caught.value.name == "CANNOT_DECOMPRESS"


@pytest.mark.parametrize("coding", [*ENCODE, None])
def test_what_is_encoded_decodes(coding: str | None) -> None:
    encode = encoder(coding, level=3)
    coded = b"".join(encode.feed(TEXT[at : at + 1000]) for at in range(0, len(TEXT), 1000)) + encode.finish()
    decode = decoder(coding)
    assert decode.feed(coded) == TEXT
    decode.finish()


@pytest.mark.parametrize("coding", [*ENCODE, None])
def test_an_empty_result_is_a_whole_body(coding: str | None) -> None:
    coded = encoder(coding, level=3).finish()
    decode = decoder(coding)
    assert decode.feed(coded) == b""
    decode.finish()


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate", "gzip"),
        ("br;q=1.0, zstd, lz4;q=0.5", "lz4"),
        ("lz4;q=0, deflate", "deflate"),
        ("br", None),
        (None, None),
    ],
)
def test_the_coding_is_the_servers_choice(accepted: str | None, chosen: str | None) -> None:
    assert choose_coding(accepted) == chosen

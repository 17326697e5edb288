"""Content codings of HTTP bodies, both ways, in constant memory.

Bodies may hold several frames or members of their coding one after another: clickhouse-connect sends one LZ4 frame for
each block. `br` is not offered: nothing in the distribution brings it.
"""

import zlib
from collections.abc import Callable
from typing import Any, Protocol

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError

LEVEL_DEFAULT = 3
"""ClickHouse's default of `http_zlib_compression_level`."""
GZIP_WINDOW = 31
"""zlib's window bits for the gzip container: 15 + 16."""
PREFERENCE = ("lz4", "zstd", "gzip", "deflate")
"""The order in which a server chooses among the codings that a client accepts: cheapest first."""


class Decoder(Protocol):
    """Bytes of a coded body in, plain bytes out."""

    def feed(self, data: bytes) -> bytes:
        """Plain bytes that have become known. Raises EndpointError when the body is not of its coding."""

    def finish(self) -> None:
        """Raises EndpointError when the body ends inside a frame."""


class Encoder(Protocol):
    """Plain bytes in, bytes of one coded body out."""

    def feed(self, data: bytes) -> bytes:
        """Coded bytes that are ready; may be empty."""

    def finish(self) -> bytes:
        """The end of the coded body."""


class Identity:
    """No coding at all."""

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        return data

    def finish(self) -> bytes:
        """Nothing is left."""
        return b""


class FrameDecoder:
    """Decodes any number of frames, one after another; `new_frame` makes a decompressor for one."""

    def __init__(self, coding: str, new_frame: Callable[[], Any]) -> None:
        self._coding = coding
        self._new_frame = new_frame
        self._frame: Any = None

    def feed(self, data: bytes) -> bytes:
        """Plain bytes that have become known. Raises EndpointError when the body is not of its coding."""
        plain = []
        try:
            while data:
                self._frame = self._frame or self._new_frame()
                plain.append(self._frame.decompress(data))
                data = b""
                if self._frame.eof:
                    data = self._frame.unused_data or b""
                    self._frame = None
        except Exception as error:  # each library raises its own kind
            raise _cannot_decompress(self._coding, str(error)) from error
        return plain[0] if len(plain) == 1 else b"".join(plain)

    def finish(self) -> None:
        """Raises EndpointError when the body ends inside a frame."""
        if self._frame is not None:
            raise _cannot_decompress(self._coding, "the body ends inside a frame")


class PlainDecoder:
    """A body without coding."""

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        return data

    def finish(self) -> None:
        """Nothing can be missing."""


def decoder(content_encoding: str | None) -> Decoder:
    """For a request's `Content-Encoding`. Raises EndpointError (UNKNOWN_COMPRESSION_METHOD) for one we cannot read."""
    coding = (content_encoding or "identity").strip().lower()
    if coding in ("", "identity"):
        return PlainDecoder()
    if coding not in PREFERENCE:
        raise EndpointError(
            Code.UNKNOWN_COMPRESSION_METHOD,
            f"Content-Encoding {coding} is not supported, use one of {', '.join(PREFERENCE)}",
        )
    return FrameDecoder(coding, _frame_decompressors()[coding])


def choose_coding(accept_encoding: str | None) -> str | None:
    """The coding of a response for a request's `Accept-Encoding`: the server's preference, None for plain."""
    accepted = set()
    for entry in (accept_encoding or "").split(","):
        coding, _, weight = entry.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(coding.strip().lower())
    return next((coding for coding in PREFERENCE if coding in accepted), None)


def encoder(coding: str | None, level: int) -> Encoder:
    """For a response in that coding; `level` is ClickHouse's `http_zlib_compression_level`, 1 to 9."""
    if coding is None:
        return Identity()
    if coding == "lz4":
        return _Lz4Encoder()
    if coding == "zstd":
        import zstandard

        return _StreamEncoder(zstandard.ZstdCompressor(level=level).compressobj())
    window = GZIP_WINDOW if coding == "gzip" else zlib.MAX_WBITS
    return _StreamEncoder(zlib.compressobj(level, zlib.DEFLATED, window))


class _StreamEncoder:
    """Over the `compress`, `flush` pair of zlib and zstandard."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def feed(self, data: bytes) -> bytes:
        return bytes(self._stream.compress(data))

    def finish(self) -> bytes:
        return bytes(self._stream.flush())


class _Lz4Encoder:
    """One LZ4 frame; its header goes out with the first bytes."""

    def __init__(self) -> None:
        import lz4.frame

        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        return self._header() + bytes(self._frame.compress(data))

    def finish(self) -> bytes:
        return self._header() + bytes(self._frame.flush())

    def _header(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return bytes(self._frame.begin())


def _frame_decompressors() -> dict[str, Callable[[], Any]]:
    import lz4.frame
    import zstandard

    return {
        "lz4": lz4.frame.LZ4FrameDecompressor,
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
        "gzip": lambda: zlib.decompressobj(GZIP_WINDOW),
        "deflate": zlib.decompressobj,
    }


def _cannot_decompress(coding: str, why: str) -> EndpointError:
    return EndpointError(Code.CANNOT_DECOMPRESS, f"the request body is not valid {coding}: {why}")

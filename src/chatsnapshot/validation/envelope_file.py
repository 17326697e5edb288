"""The envelopes of a file, one after the other: NDJSON, a JSON array, one JSON object, or Avro values with framing.

NDJSON is read line by line, whatever its size. The other forms have to be in memory as a whole and are bounded.
"""

from collections.abc import Iterator
from io import BufferedReader, BytesIO
from itertools import chain
from json.decoder import JSONDecoder
from typing import NamedTuple

from fastavro import schemaless_reader

from chatsnapshot_producers.blobs import BLOB_BYTES_MAX
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.framing import CONFLUENT, CONFLUENT_BYTES, SINGLE_OBJECT, SINGLE_OBJECT_BYTES

LINE_BYTES_MAX = BLOB_BYTES_MAX + 4 * 1024 * 1024
"""An envelope with the largest payload that blob storage takes, as `import` takes it, too."""
WHOLE_BYTES_MAX = 256 * 1024 * 1024
"""Of a file that is one JSON document, or Avro."""
_CONTAINER = b"Obj\x01"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Found(NamedTuple):
    """One envelope's bytes; `place` is a line number from 1, in Avro a byte offset. `problem`: it cannot be cut out."""

    place: int
    data: bytes
    is_avro: bool = False
    problem: str = ""


def envelopes(file: BufferedReader) -> Iterator[Found]:
    """Every envelope, or what stands in its place. Raises ConfigurationError for a file that is too large, OSError."""
    first = file.readline(LINE_BYTES_MAX)
    if first.startswith(_BYTE_ORDER_MARK):
        first = first[len(_BYTE_ORDER_MARK) :]
    if first.startswith(_CONTAINER):
        raise ConfigurationError("an Avro container file: envelopes are single Avro values, each with its framing")
    if first[:1] == CONFLUENT or first.startswith(SINGLE_OBJECT):
        yield from _avro_values(_whole(first, file))
        return
    skipped = 0
    while first and not first.strip():
        skipped, first = skipped + 1, file.readline(LINE_BYTES_MAX)
    if first.lstrip()[:1] == b"[":
        yield from _array(_whole(first, file), skipped + 1)
        return
    # an object over several lines has no line that is an object; one bad line among good ones changes nothing
    heads = [first] if _is_object(first) else [first, file.readline(LINE_BYTES_MAX)]
    if _is_object(heads[-1]):
        yield from _lines(chain(heads, _pieces(file)), skipped + 1)
    else:
        yield from _object_or_lines(_whole(b"".join(heads), file), skipped + 1)


def _whole(first: bytes, file: BufferedReader) -> bytes:
    rest = file.read(WHOLE_BYTES_MAX - len(first) + 1)
    if len(first) + len(rest) > WHOLE_BYTES_MAX:
        raise ConfigurationError(
            f"more than {WHOLE_BYTES_MAX // 1024 // 1024} MiB that are not one envelope a line: write NDJSON"
        )
    return first + rest


def _lines(pieces: Iterator[bytes], number: int) -> Iterator[Found]:
    """`pieces`: lines, or pieces of LINE_BYTES_MAX bytes of lines that are longer."""
    too_long = Found(number, b"", problem=f"longer than {LINE_BYTES_MAX:,} bytes")
    is_long = False
    for piece in pieces:
        ends = piece.endswith(b"\n") or len(piece) < LINE_BYTES_MAX
        is_long = is_long or not ends
        if is_long and ends:
            yield too_long._replace(place=number)
            is_long = False
        elif ends and piece.strip():
            yield Found(number, piece)
        number += ends
    if is_long:
        yield too_long._replace(place=number)


def _object_or_lines(text: bytes, number: int) -> Iterator[Found]:
    """A document over several lines; when it is none, its lines are looked at one by one."""
    if _is_object(text):
        yield Found(number, text)
    else:
        yield from _lines(_pieces(BytesIO(text)), number)


def _pieces(file: BufferedReader | BytesIO) -> Iterator[bytes]:
    return iter(lambda: file.readline(LINE_BYTES_MAX), b"")


def _array(data: bytes, line: int) -> Iterator[Found]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        yield Found(line + data.count(b"\n", 0, error.start), b"", problem=f"not UTF-8 at byte {error.start}")
        return
    at = text.index("[") + 1
    counted = 0
    behind_comma = False
    while True:
        at = _skip(text, at)
        line, counted = line + text.count("\n", counted, at), at
        if text[at : at + 1] == "]" and not behind_comma:
            break
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield Found(line, b"", problem=f"not JSON from here on: {error}")
            return
        yield Found(line, text[at:end].encode())
        at = _skip(text, end)
        if behind_comma := text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != "]":
            yield Found(line + text.count("\n", counted, at), b"", problem="',' or ']' is needed behind an envelope")
            return
    if text[at + 1 :].strip():
        yield Found(line, b"", problem="more text behind the array")


def _avro_values(data: bytes) -> Iterator[Found]:
    """Values one behind the other: an Avro body says itself where it ends."""
    at = 0
    while at < len(data):
        head = SINGLE_OBJECT_BYTES if data.startswith(SINGLE_OBJECT, at) else CONFLUENT_BYTES
        if head == CONFLUENT_BYTES and data[at : at + 1] != CONFLUENT:
            yield Found(
                at, b"", is_avro=True, problem="no framing here: C3 01 and a fingerprint, or 00 and a schema id"
            )
            return
        body = BytesIO(data[at + head :])
        try:
            schemaless_reader(body, envelope_schema().parsed, None)
        except Exception:  # fastavro raises whatever it comes across; the strict decoder says what it is
            yield Found(at, data[at:], is_avro=True)
            return
        end = at + head + body.tell()
        yield Found(at, data[at:end], is_avro=True)
        at = end


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(_DECODER.decode(text.decode("utf-8")), dict)
    except (ValueError, RecursionError):
        return False


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


_DECODER = JSONDecoder(parse_int=len, parse_float=len)
"""Only looks where values end: numbers of any length are fine."""

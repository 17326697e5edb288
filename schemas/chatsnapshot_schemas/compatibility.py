"""Whether data of an older Avro schema can be read with a newer one: the rules of Avro's schema resolution.

Pure. For schemas without recursive types, as all of ours are.
"""

from collections.abc import Iterator
from typing import Any

from fastavro.schema import expand_schema

_PROMOTED = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
"""What a reader may ask for where the writer wrote the key."""


def incompatibilities(reader: Any, writer: Any) -> list[str]:
    """Why a reader with schema `reader` cannot read what `writer` wrote: one line a place; empty when it can.

    Both are schemas as JSON values. Raises fastavro's SchemaParseException for what is no schema.
    """
    return list(_problems(_expanded(reader), _expanded(writer), ""))


def _expanded(schema: Any) -> Any:
    return expand_schema(schema)


def _problems(reader: Any, writer: Any, at: str) -> Iterator[str]:
    if isinstance(writer, list):
        for branch in writer:
            yield from _problems(reader, branch, at)
    elif isinstance(reader, list):
        if not any(_reads(branch, writer, at) for branch in reader):
            yield f"{_place(at)}: {_kind(writer)} was written, and no branch of the union reads it"
    elif _kind(reader) == _kind(writer):
        yield from _same_kind(reader, writer, at)
    elif _kind(reader) not in _PROMOTED.get(_kind(writer), ()):
        yield f"{_place(at)}: {_kind(writer)} was written, {_kind(reader)} cannot read it"


def _reads(reader: Any, writer: Any, at: str) -> bool:
    return next(_problems(reader, writer, at), None) is None


def _same_kind(reader: Any, writer: Any, at: str) -> Iterator[str]:
    kind = _kind(reader)
    if kind in ("record", "enum", "fixed") and _short_name(reader) != _short_name(writer):
        yield f"{_place(at)}: {kind} {_short_name(writer)} was written, not {_short_name(reader)}"
    elif kind == "record":
        yield from _fields(reader, writer, at)
    elif kind == "enum" and "default" not in reader:
        for symbol in writer["symbols"]:
            if symbol not in reader["symbols"]:
                yield f"{_place(at)}: symbol {symbol} is gone"
    elif kind == "fixed" and reader["size"] != writer["size"]:
        yield f"{_place(at)}: {writer['size']} bytes were written, not {reader['size']}"
    elif kind in ("array", "map"):
        inner = "items" if kind == "array" else "values"
        yield from _problems(reader[inner], writer[inner], f"{at}[]")


def _fields(reader: Any, writer: Any, at: str) -> Iterator[str]:
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        name = field["name"]
        place = f"{at}.{name}" if at else name
        if name in written:
            yield from _problems(field["type"], written[name]["type"], place)
        elif "default" not in field:
            yield f"{place}: new, without a default"


def _kind(schema: Any) -> str:
    kind = schema["type"] if isinstance(schema, dict) else schema
    return kind if isinstance(kind, str) else _kind(kind)


def _short_name(schema: Any) -> str:
    return str(schema["name"]).rsplit(".", 1)[-1]


def _place(at: str) -> str:
    return at or "the whole schema"

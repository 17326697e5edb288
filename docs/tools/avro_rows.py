"""Rows of a table from an Avro record: field, type, default, meaning; nested records below their field."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from docs.tools.markdown import code

Row = tuple[str, str, str]
HEAD = ("field", "type", "meaning")


def avsc(name: str) -> dict[str, Any]:
    """A schema file of chatsnapshot_schemas."""
    schema: dict[str, Any] = json.loads(files("chatsnapshot_schemas").joinpath(f"{name}.avsc").read_text("utf-8"))
    return schema


def field_rows(schema: dict[str, Any], prefix: str = "") -> Iterator[Row]:
    """One row a field. Raises LookupError for a field without `doc`."""
    for field in schema["fields"]:
        name = f"{prefix}{field['name']}"
        if "doc" not in field:
            raise LookupError(f"{schema['name']}.{name} has no doc")
        yield code(name), _type_name(field["type"]), field["doc"]
        nested = _record_in(field["type"])
        if nested is not None:
            yield from field_rows(nested, f"{name}.")


def _type_name(avro: Any) -> str:
    if isinstance(avro, list):
        return " or ".join(_type_name(branch) for branch in avro)
    if isinstance(avro, str):
        return avro.removeprefix("chatsnapshot.")
    kind = avro["type"]
    if kind == "enum":
        return " / ".join(avro["symbols"])
    if kind == "array":
        return f"array of {_type_name(avro['items'])}"
    if kind == "map":
        return f"map of {_type_name(avro['values'])}"
    if kind == "fixed":
        return f"fixed({avro['size']})"
    return str(avro.get("logicalType") or (avro["name"] if kind == "record" else kind))


def _record_in(avro: Any) -> dict[str, Any] | None:
    if isinstance(avro, list):
        return next((found for found in map(_record_in, avro) if found is not None), None)
    return avro if isinstance(avro, dict) and avro.get("type") == "record" else None

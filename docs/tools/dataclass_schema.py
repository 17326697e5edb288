"""A dataclass as a JSON Schema: member names, types, and what its source says about each."""

from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from docs.tools.source_reading import attribute_docs

Node = dict[str, Any]
_SIMPLE = {str: "string", int: "integer", bool: "boolean"}


def dataclass_schema(described: type, /, **constants: Any) -> Node:
    """`constants`: members that the writer adds, each with its one value. A field without a default is required."""
    said, hints = attribute_docs(described), get_type_hints(described)
    properties: Node = {name: {"const": value} for name, value in constants.items()}
    required = list(constants)
    for field in fields(described):
        member = _schema(hints[field.name])
        if field.name in said:
            member["description"] = said[field.name]
        properties[field.name] = member
        if field.default is MISSING and field.default_factory is MISSING:
            required.append(field.name)
    return {"type": "object", "required": required, "properties": properties}


def _schema(hint: Any) -> Node:
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string", "enum": [str(each) for each in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        return dataclass_schema(hint)
    arguments = [each for each in get_args(hint) if each is not Ellipsis]
    if get_origin(hint) in (Union, UnionType):
        return {"anyOf": [{"type": "null"} if each is type(None) else _schema(each) for each in arguments]}
    if get_origin(hint) is tuple:
        if len(set(arguments)) == 1 and len(arguments) > 1:
            return {
                "type": "array",
                "items": _schema(arguments[0]),
                "minItems": len(arguments),
                "maxItems": len(arguments),
            }
        return {"type": "array", "items": _schema(arguments[0])}
    raise LookupError(f"no JSON Schema for {hint}")

"""Rows of tables from the payload models: key, type, meaning."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from docs.tools.markdown import code
from docs.tools.source_reading import attribute_docs

from chatsnapshot_schemas import payload_parts
from chatsnapshot_schemas.payload_parts import Open, Payload
from chatsnapshot_schemas.payloads import MODELS, ForkedFrom

HEAD = ("key", "type", "meaning")
SHARED = (
    payload_parts.RuntimeEvent,
    payload_parts.ErrorInfo,
    payload_parts.Usage,
    payload_parts.ReportedUsage,
    payload_parts.ProviderCost,
    payload_parts.Attachment,
    payload_parts.Part,
    payload_parts.Reasoning,
    payload_parts.StructuredOutput,
    ForkedFrom,
)
"""Shapes that keys of several payloads have, in the order in which they are described."""


def models() -> Iterator[tuple[str, type[Open]]]:
    """(heading, model): what any payload may carry, each primitive, then the shared shapes."""
    yield "Any payload", Payload
    for primitive, model in MODELS.items():
        yield f"`{primitive}`", model
    for shape in SHARED:
        yield shape.__name__, shape


def key_rows(model: type[Open]) -> Iterator[tuple[str, str, str]]:
    """One row a key of the model itself. Raises LookupError for a key without a text."""
    docs = attribute_docs(model)
    for name, field in model.model_fields.items():
        if name not in model.__annotations__:
            continue
        if name not in docs:
            raise LookupError(f"{model.__name__}.{name} has no text")
        yield code(field.alias or name), _type_name(field.annotation), docs[name]


def _type_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " / ".join(map(str, arguments))
    if origin in (Union, UnionType):
        return " or ".join(_type_name(each) for each in arguments if each is not NoneType)
    if origin is list:
        return f"list of {_type_name(arguments[0])}"
    if origin is dict or annotation is dict:
        return "object"
    names = {str: "text", int: "integer", float: "number", bool: "true / false", Any: "any JSON"}
    return names.get(annotation) or str(getattr(annotation, "__name__", annotation))

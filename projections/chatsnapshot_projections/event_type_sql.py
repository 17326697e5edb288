"""`event_types.csv` as SQL expressions over `event_type`: literals, so that no insert hangs on another table."""

from collections.abc import Iterable

from chatsnapshot_schemas.event_types import PRIMITIVES, event_types


def quoted(text: str) -> str:
    """A ClickHouse string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def primitive_sql() -> str:
    """The primitive of any type, by the rules of `chatsnapshot_schemas.event_types.primitive_of`."""
    sub_types = ", ".join(f"startsWith(event_type, {quoted(f'{name}.')}), {quoted(name)}" for name in PRIMITIVES)
    families = (
        "startsWith(event_type, 'system.'), 'system.workflow_event', "
        "startsWith(event_type, 'ui.'), 'ui.interaction', "
        "startsWith(event_type, 'integration.'), 'integration.call'"
    )
    listed = event_types().values()
    unlisted = f"multiIf({sub_types}, {families}, 'execution.state_change')"
    return _transform(((kind.name, kind.primitive) for kind in listed), unlisted)


def entity_sql() -> str:
    """The entity that a type stands for; '' where only the payload can say."""
    return _transform(((kind.name, kind.entity) for kind in event_types().values() if kind.entity), "''")


def phase_sql() -> str:
    """The phase that a type stands for; '' where only the payload can say."""
    return _transform(((kind.name, kind.phase) for kind in event_types().values() if kind.phase), "''")


def event_types_view_sql() -> str:
    """The table of types as a SELECT, for the view `event_types`."""
    rows = ", ".join(
        f"({quoted(kind.name)}, {quoted(kind.primitive)}, {quoted(kind.entity)}, {quoted(kind.phase)}, "
        f"[{', '.join(map(quoted, kind.aliases))}])"
        for kind in event_types().values()
    )
    columns = "name String, primitive String, entity String, phase String, aliases Array(String)"
    return f"SELECT * FROM VALUES({quoted(columns)}, {rows})"


def _transform(pairs: Iterable[tuple[str, str]], otherwise: str) -> str:
    names, values = zip(*pairs, strict=True)
    return f"transform(event_type, [{_list(names)}], [{_list(values)}], {otherwise})"


def _list(texts: Iterable[str]) -> str:
    return ", ".join(map(quoted, texts))

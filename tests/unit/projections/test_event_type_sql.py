import re

from chatsnapshot_projections.event_type_sql import entity_sql, event_types_view_sql, phase_sql, primitive_sql, quoted
from chatsnapshot_schemas.event_types import event_types


def test_quoting_keeps_text_a_literal() -> None:
    assert quoted("it's a \\ backslash") == "'it\\'s a \\\\ backslash'"


def _lists(expression: str) -> tuple[list[str], list[str]]:
    names, values = re.findall(r"\[([^\]]*)\]", expression)[:2]
    return [text.strip("' ") for text in names.split(",")], [text.strip("' ") for text in values.split(",")]


def test_every_listed_type_is_in_the_expression() -> None:
    names, primitives = _lists(primitive_sql())
    assert dict(zip(names, primitives, strict=True)) == {kind.name: kind.primitive for kind in event_types().values()}


def test_only_types_that_stand_for_an_entity_or_phase_are_mapped() -> None:
    names, entities = _lists(entity_sql())
    assert dict(zip(names, entities, strict=True))["system.task_failed"] == "task"
    assert "execution.message" not in names
    names, phases = _lists(phase_sql())
    assert dict(zip(names, phases, strict=True))["system.task_failed"] == "failed"


def test_the_view_lists_aliases() -> None:
    assert "'tool_called'" in event_types_view_sql()

"""Walking causes and effects."""

from chatsnapshot.reading.causes import CauseGraph, Link


def link(number: int, *causes: str) -> Link:
    return Link(
        sequence_no=number,
        event_id=f"e{number}",
        event_type="execution.message",
        cause="linked" if causes else "root",
        causation_id=causes[0] if causes else None,
        causation_correlation_id=None,
        caused_by=causes[1:],
        who="a",
        preview="{}",
    )


GRAPH = CauseGraph([link(1), link(2, "e1"), link(3, "e1"), link(4, "e2", "e3"), link(5, "e4"), link(6, "elsewhere")])


def test_causes_lead_to_the_root_and_every_event_is_named_once() -> None:
    why = GRAPH.why("e5")
    assert why is not None
    assert [(step.depth, step.event_id) for step in why.causes] == [(1, "e4"), (2, "e2"), (2, "e3"), (3, "e1")]
    assert why.effects == ()


def test_effects_lead_to_the_leaves() -> None:
    why = GRAPH.why("e1")
    assert why is not None
    assert [step.event_id for step in why.effects] == ["e2", "e3", "e4", "e5"]


def test_a_cause_outside_the_run_is_named_without_its_record() -> None:
    why = GRAPH.why("e6")
    assert why is not None
    assert [(step.event_id, step.link) for step in why.causes] == [("elsewhere", None)]


def test_events_that_name_each_other_end_the_walk() -> None:
    why = CauseGraph([link(1, "e2"), link(2, "e1")]).why("e1")
    assert why is not None
    assert [step.event_id for step in why.causes] == ["e2"]


def test_an_unknown_event_has_no_answer() -> None:
    assert GRAPH.why("nobody") is None

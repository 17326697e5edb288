"""What an adapter remembers of a conversation that never ends."""

import pytest
from ag2 import events

from chatsnapshot.runtimes import attachment
from chatsnapshot.runtimes.ag2 import calls, deltas, questions, trail
from chatsnapshot.runtimes.ag2.calls import Calls
from chatsnapshot.runtimes.ag2.deltas import Deltas
from chatsnapshot.runtimes.ag2.followed_streams import STREAMS_MAX, FollowedStreams
from chatsnapshot.runtimes.ag2.questions import Questions
from chatsnapshot.runtimes.ag2.trail import Trail
from chatsnapshot.runtimes.attachment import Attachment
from chatsnapshot.runtimes.draft import Draft
from tests.fixtures.recorded_run import RecordedRun

BOUND, MANY = 5, 50


def test_keys_of_recorded_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "KEYS_REMEMBERED_MAX", BOUND)
    recorded = RecordedRun()
    attached = Attachment(recorded.run, "custom")
    drafts = [Draft("execution.message", {"n": n}, f"key-{n}") for n in range(MANY)]
    attached.record(drafts)
    attached.record(drafts[-BOUND:])
    assert len(attached._keys) == BOUND
    assert len(recorded.envelopes) == MANY, "the last ones are known"


def test_failures_that_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "FAILURES_RECORDED_MAX", BOUND)
    recorded = RecordedRun()
    attached = Attachment(recorded.run, "custom")
    for n in range(MANY):
        attached.failed(LookupError(f"bug {n}"), "step")
    assert attached.failures == MANY
    assert len(recorded.payloads("system.recording_failed")) == BOUND


def test_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALLS_REMEMBERED_MAX", BOUND)
    asked = Calls()
    for n in range(MANY):
        asked.ask(f"call-{n}", {})
    assert [n for n in range(MANY) if asked.get(f"call-{n}")] == list(range(MANY - BOUND, MANY))


def test_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "QUESTIONS_REMEMBERED_MAX", BOUND)
    asked, waiting = Questions(), [events.HumanInputRequest(f"question {n}") for n in range(MANY)]
    for one in waiting:
        asked.asked(one)
    assert [one.id for one in waiting if one.id in asked] == [one.id for one in waiting[-BOUND:]]


def test_response_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "RESPONSES_REMEMBERED_MAX", BOUND)
    read = Trail("stream")
    for n in range(MANY):
        read.read(events.ModelResponse(message=events.ModelMessage("so"), response_id=f"r{n}"))
    assert list(read._response_ids) == [f"r{n}" for n in range(MANY - BOUND, MANY)]


def test_pieces_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "CHARS_MAX", BOUND)
    pieces = Deltas()
    for n in range(MANY):
        pieces.add(events.ModelMessageChunk(str(n % 10)))
    assert pieces.take() == ("01234", "")


def test_streams() -> None:
    followed, count = FollowedStreams(), STREAMS_MAX + 3
    for n in range(count):
        followed.add(f"s{n}", Trail(f"s{n}")).open_turns = int(n == 0)
    assert [n for n in range(count) if followed.get(f"s{n}")] == [0, *range(4, count)], "one has an open turn"

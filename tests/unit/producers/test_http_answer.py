import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_producers.http_answer import Meaning, Told, TooLarge, meaning_of
from chatsnapshot_producers.ingest_result import Fate, Fault, Result, answer_of
from chatsnapshot_schemas.errors import AccessRefused, ChatSnapshotError, ConfigurationError

GOOD = Result(Fate.ACCEPTED, "a", "r")
BAD = Result(Fate.REJECTED, "b", "r", Fault("too_large", "headers", "9000 bytes"))
OPEN = Result(Fate.UNKNOWN, "c", "r", Fault("broker_unavailable", None, "silence"))


def meaning(status: int, document: Any, events: int = 1, **headers: str) -> Meaning:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = meaning_of(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, events)
    assert isinstance(found, Meaning)
    return found


@pytest.mark.parametrize("results", [[GOOD], [BAD, BAD], [GOOD, BAD], [OPEN, BAD, GOOD]])
def test_each_event_hears_its_own_fate(results: list[Result]) -> None:
    answer = answer_of(results)
    told = meaning(answer.status, answer.document, len(results), retry_after="7")
    assert [each.fate for each in told.told] == [result.fate for result in results]
    assert {each.why for each in told.told if each.fate is Fate.REJECTED} <= {"headers: 9000 bytes (too_large)"}
    assert told.retry_after_s == 7


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (429, {"error": {"code": "ingest_busy", "message": "full"}}),
        (503, {"error": {"code": "broker_unavailable", "message": "away"}}),
        (502, b"<html>Bad Gateway</html>"),
        (500, b""),
        (422, {"error": {"code": "undecodable", "message": "body"}}),
        (202, {"results": []}),
        (200, b"<html>a login page</html>"),
    ],
)
def test_an_answer_that_names_no_event_says_nothing_about_any(status: int, document: Any) -> None:
    assert meaning(status, document, 3).told == [Told(Fate.UNKNOWN)] * 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AccessRefused),
        (403, AccessRefused),
        (404, ConfigurationError),
        (405, ConfigurationError),
        (301, ConfigurationError),
    ],
)
def test_what_a_person_must_mend_is_an_error(status: int, kind: type[ChatSnapshotError]) -> None:
    with pytest.raises(kind, match=str(status)):
        meaning_of(status, {}, b"nginx", 1)


def test_too_large_is_told_apart() -> None:
    assert isinstance(meaning_of(413, {}, b"", 2), TooLarge)


@given(st.integers(200, 599), st.binary(max_size=50) | st.just(b'{"results":[{"status":"rejected","error":3}]}'))
def test_no_answer_is_a_surprise(status: int, body: bytes) -> None:
    try:
        found = meaning_of(status, {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, body, 1)
    except ChatSnapshotError:
        return
    if isinstance(found, Meaning):
        assert len(found.told) == 1
        assert all(each.fate is not Fate.ACCEPTED for each in found.told)

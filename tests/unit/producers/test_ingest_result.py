import json

from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_producers.ingest_result import Fate, Fault, Result, answer_of

faults = st.builds(Fault, st.sampled_from(["too_large", "undecodable"]), st.none() | st.text(), st.text())
results = st.one_of(
    st.builds(Result, st.just(Fate.ACCEPTED), st.uuids().map(str), st.text(), st.none()),
    st.builds(Result, st.just(Fate.REJECTED), st.none() | st.text(), st.none() | st.text(), faults),
    st.builds(Result, st.just(Fate.UNKNOWN), st.uuids().map(str), st.text(), faults),
)


@given(st.lists(results, min_size=1, max_size=20))
def test_the_status_follows_from_the_fates_and_results_from_their_place(sent: list[Result]) -> None:
    answer = answer_of(sent)
    fates = {result.fate for result in sent}
    if Fate.UNKNOWN in fates:
        assert answer.status == 503
    elif fates == {Fate.ACCEPTED}:
        assert answer.status == 202
    elif fates == {Fate.REJECTED}:
        assert answer.status == 422
    else:
        assert answer.status == 207
    assert ("error" in answer.document) == (answer.status in (422, 503))
    assert sum(answer.document[str(fate)] for fate in Fate) == len(sent)
    for index, (result, shown) in enumerate(zip(sent, answer.document["results"], strict=True)):
        assert (shown["index"], shown["status"], shown["event_id"]) == (index, str(result.fate), result.event_id)
        assert ("error" in shown) == (result.fate is not Fate.ACCEPTED)
    json.dumps(answer.document)


def test_the_summary_tells_the_first_fault() -> None:
    bad = Result(Fate.REJECTED, None, None, Fault("too_large", "payload", "300000 bytes, at most 262144"))
    assert answer_of([bad, bad]).document["error"] == {
        "code": "too_large",
        "message": "2 of 2 events rejected: payload: 300000 bytes, at most 262144",
    }

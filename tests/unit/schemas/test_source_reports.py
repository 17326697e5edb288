import json

import pytest

from chatsnapshot_schemas import source_reports
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.source_reports import (
    RANGES_MAX,
    REPORT_BYTES_MAX,
    InstanceReport,
    LostNumbers,
    RunReport,
    decode_report,
    encode_report,
    merged,
)

INSTANCE = InstanceReport("default", "web-1", "shop", "host", 42, "2026-folder", 1, 2, closed=True)
RUN = RunReport("default", "web-1", 'run "1"\u2603', 12, 10, 3, LostNumbers(2, ((4, 5),)), LostNumbers(1, ((7, 7),)))


@pytest.mark.parametrize("report", [INSTANCE, RUN])
def test_what_is_written_is_read_again(report: source_reports.SourceReport) -> None:
    assert decode_report(encode_report(report)) == report


def test_keys_name_the_sender_of_somebody_elses_report() -> None:
    adopted = RunReport("default", "web-1", "r", 1, 1, 1, sender="web-2")
    assert json.loads(INSTANCE.key) == ["default", "web-1"]
    assert json.loads(RUN.key) == ["default", "web-1", 'run "1"\u2603']
    assert json.loads(adopted.key) == ["default", "web-1", "r", "web-2"]


def test_acknowledged_is_what_is_settled_and_was_not_lost() -> None:
    assert RUN.acknowledged == 10 - 2 - 1
    assert RunReport("default", "i", "r", 12, 5, 3, LostNumbers(2, ((4, 4), (9, 9)))).acknowledged == 4


def test_reports_of_two_senders_say_the_most_together() -> None:
    later = RunReport("default", "web-1", 'run "1"\u2603', 20, 20, 9, refused=LostNumbers(1, ((15, 15),)), sender="x")
    together = merged(RUN, later)
    assert (together.numbered, together.settled, together.updated_at, together.sender) == (20, 20, 9, "")
    assert together.dropped == RUN.dropped
    assert together.refused == LostNumbers(2, ((7, 7), (15, 15)))
    assert together == merged(later, RUN)


def test_lost_numbers_gather_in_a_bounded_number_of_ranges() -> None:
    lost = LostNumbers()
    for number in range(0, 1_000, 3):
        lost = lost.adding(number)
    assert (lost.count, len(lost.ranges)) == (334, RANGES_MAX)
    assert (lost.ranges[0][0], lost.ranges[-1][1]) == (0, 999)
    assert LostNumbers().adding(3).adding(4).adding(4).ranges == ((3, 4),)


def test_the_largest_report_stays_within_its_bound() -> None:
    number = 2**63 - 2
    lost = LostNumbers(number, tuple((number - 2 * each - 1, number - 2 * each) for each in range(RANGES_MAX))[::-1])
    ids = ("t" * 128, "\U0001f600" * 256, "\U0001f600" * 256)
    largest = RunReport(*ids, number + 1, number, number, lost, lost, "\U0001f600" * 256)
    assert len(encode_report(largest)) < REPORT_BYTES_MAX


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"version": 2}, "version"),
        ({"kind": "what"}, "kind"),
        ({"settled": 13}, "settled"),
        ({"numbered": -1}, "numbered"),
        ({"numbered": True}, "numbered"),
        ({"correlation_id": ""}, "correlation_id"),
        ({"instance": "a\nb"}, "source.instance"),
        ({"tenant_id": "no spaces"}, "tenant_id"),
        ({"dropped": {"count": 1}}, "dropped"),
        ({"dropped": {"count": 1, "ranges": [[3, 2]]}}, "dropped.ranges"),
        ({"dropped": {"count": 1, "ranges": [[2, 12]]}}, "dropped.ranges"),
        ({"refused": {"count": 1, "ranges": 7}}, "refused.ranges"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, object], field: str) -> None:
    plain = {**json.loads(encode_report(RUN)), **changed}
    with pytest.raises(InvalidEvent) as refused:
        decode_report(json.dumps(plain))
    assert refused.value.field == field


@pytest.mark.parametrize("value", [b"", b"[]", b"nonsense", b'{"version":1}', b"[" * 100_000])
def test_what_is_no_report_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode_report(value)


def test_members_of_a_later_version_are_passed_over() -> None:
    plain = {**json.loads(encode_report(INSTANCE)), "colour": "blue"}
    assert decode_report(json.dumps(plain)) == INSTANCE

from chatsnapshot_processors.intake import Intake
from tests.unit.processors_app.fetched import fetched, records


def sought(fetches_max: int = 2) -> Intake:
    intake = Intake(3, 10, fetches_max)
    intake.sought = True
    return intake


def test_nothing_is_fetched_before_the_consumer_was_set_to_the_start() -> None:
    assert not Intake(3, 10, 2).hungry
    assert sought().hungry


def test_a_full_lane_is_not_fetched_until_it_takes() -> None:
    intake = sought(fetches_max=2)
    intake.reserve(records(10), 11)
    assert intake.hungry
    fetched(intake, 11)
    assert not intake.hungry
    assert intake.take(0) is not None
    assert intake.hungry
    assert not intake.empty


def test_each_fetch_says_what_it_follows() -> None:
    intake = sought(fetches_max=9)
    covers = [(f.follows, f.following) for f in (fetched(intake, 10, 11), fetched(intake, 15), fetched(intake, 16))]
    assert covers == [(10, 12), (12, 16), (16, 17)]


def test_a_fetch_that_covers_no_offset_is_none() -> None:
    intake = sought()
    assert intake.reserve([], 10) is None
    markers = intake.reserve([], 12)
    assert markers is not None
    assert (markers.follows, markers.following, markers.records) == (10, 12, [])


def test_a_closed_lane_takes_no_more() -> None:
    intake = sought()
    fetch = intake.reserve(records(10), 11)
    assert fetch is not None
    intake.close()
    intake.put(fetch)
    assert intake.take(0) is None
    assert not intake.hungry

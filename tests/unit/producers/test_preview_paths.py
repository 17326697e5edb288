"""The list of what was shortened, when very much was."""

import json

from chatsnapshot_producers.preview_paths import _COLLECTED_MAX, PATHS_MAX, ShortenedPaths


def paths(*names: str) -> ShortenedPaths:
    found = ShortenedPaths()
    for name in names:
        found.add(name)
    return found


def test_of_too_many_the_members_are_named_and_at_last_all_of_it() -> None:
    named = [f"$.a.x{number}" for number in range(PATHS_MAX)]
    assert json.loads(paths(*named).as_json()) == named
    assert json.loads(paths(*named, "$.b.y").as_json()) == ["$.a", "$.b"]
    assert json.loads(paths(*(f"$.x{number}" for number in range(PATHS_MAX + 1))).as_json()) == ["$"]


def test_no_more_are_collected_than_it_takes_to_know_that_there_are_many() -> None:
    named = [f"$.x{number}" for number in range(_COLLECTED_MAX + 5)]
    assert paths(*named).mark() == ShortenedPaths(named).mark() == _COLLECTED_MAX

from benchmarks.profile_text import profile_of, profile_text

FOUND = {
    "threads": {
        "lane-0": {"threading.Thread.run;lane.run;core.step": 3_000_000, "threading.Thread.run;lane.run": 1_000_000},
        "lane-7": {"threading.Thread.run;lane.run;core.step": 2_000_000},
        "MainThread": {"__main__.<module>;importlib._bootstrap._find_and_load;x": 9_000_000},
    },
    "native": {"rdk:broker1": 1_000_000, "rdk:broker2": 3_000_000},
}


def test_threads_of_a_kind_are_one():
    profile = profile_of(FOUND)
    assert profile.kinds["lane-N"].own == {"core.step": 5_000_000, "lane.run": 1_000_000}
    assert profile.native == {"rdk:brokerN": 4_000_000}


def test_callers_have_what_they_call():
    assert profile_of(FOUND).kinds["lane-N"].within == {"lane.run": 6_000_000, "core.step": 5_000_000}


def test_importing_is_kept_apart():
    profile = profile_of(FOUND)
    assert profile.importing == 9_000_000
    assert profile.total == 10_000_000


def test_recursion_counts_once():
    found = {"threads": {"t": {"a.f;a.f;a.f": 10}}, "native": {}}
    assert profile_of(found).kinds["t"].within == {"a.f": 10}


def test_text_says_time_per_event_and_thread():
    text = profile_text(FOUND, events=1_000)
    assert "10.0 us an event" in text
    assert "thread lane-N: 0.01 s (60%)" in text
    assert " 40.0%    4.00 us  rdk:brokerN" in text


def test_nothing_sampled():
    assert profile_text({"threads": {}, "native": {}}, 1) == "nothing was sampled"

from pathlib import Path

from benchmarks.options import COUNT_MIN, SECONDS_MIN, Options


def test_counts_and_durations_shrink_with_the_scale():
    half = Options(scale=0.5)
    assert (half.count(200_000), half.seconds(20.0)) == (100_000, 10.0)


def test_nothing_shrinks_below_what_means_something():
    tiny = Options(scale=0.0001)
    assert (tiny.count(200_000), tiny.seconds(20.0)) == (COUNT_MIN, SECONDS_MIN)
    assert (tiny.count(500), tiny.seconds(1.0)) == (500, 1.0)


def test_peers_are_known_by_their_python(tmp_path):
    assert not Options(peers_python=Path(tmp_path / "python")).has_peers

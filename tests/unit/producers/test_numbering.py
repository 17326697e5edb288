from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_producers.numbering import Numbering


def take(numbering: Numbering, key: bytes) -> tuple[str, int]:
    counter = numbering.counter(key)
    number = counter.next
    counter.next += 1
    return counter.instance, number


def test_numbers_are_dense_per_correlation() -> None:
    numbering = Numbering()
    assert [take(numbering, key)[1] for key in (b"a", b"a", b"b", b"a")] == [0, 1, 0, 2]


def test_a_number_that_is_not_used_is_given_again() -> None:
    numbering = Numbering()
    assert numbering.counter(b"a").next == numbering.counter(b"a").next == 0


def test_a_correlation_that_comes_back_after_eviction_counts_under_a_new_instance() -> None:
    numbering = Numbering(correlations_max=2, evicted_at_once=1)
    first, _ = take(numbering, b"a")
    take(numbering, b"b")
    take(numbering, b"c")  # evicts a
    second, number = take(numbering, b"a")
    assert number == 0
    assert second != first


def test_counters_that_stay_keep_their_instance() -> None:
    numbering = Numbering(correlations_max=2, evicted_at_once=1)
    take(numbering, b"a")
    kept = take(numbering, b"b")
    take(numbering, b"c")
    assert take(numbering, b"b") == (kept[0], 1)


def test_the_one_that_rested_longest_goes() -> None:
    numbering = Numbering(correlations_max=2, evicted_at_once=1)
    kept = take(numbering, b"a")
    take(numbering, b"b")
    take(numbering, b"a")
    take(numbering, b"c")
    assert take(numbering, b"a") == (kept[0], 2)


@given(st.lists(st.integers(0, 9), max_size=200), st.integers(1, 5), st.integers(1, 5))
def test_no_instance_ever_counts_the_same_number_of_a_correlation_twice(
    keys: list[int], correlations_max: int, evicted_at_once: int
) -> None:
    numbering = Numbering(correlations_max, evicted_at_once)
    seen: dict[tuple[int, str], list[int]] = defaultdict(list)
    for key in keys:
        instance, number = take(numbering, b"%d" % key)
        seen[key, instance].append(number)
    assert all(numbers == list(range(len(numbers))) for numbers in seen.values())

import pytest
from benchmarks.spread import growth_per_s, middle, percentile, steady_rate


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (90, 9), (91, 10), (99, 10), (100, 10), (0.1, 1)])
def test_percentile_is_the_smallest_value_that_so_many_do_not_exceed(percent, expected):
    assert percentile([3, 1, 2, 10, 9, 8, 4, 5, 7, 6], percent) == expected


def test_percentile_of_one_value():
    assert percentile([4.5], 99) == 4.5


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1], 0), ([1], 101)])
def test_percentile_refuses_what_means_nothing(values, percent):
    with pytest.raises(ValueError, match=r"no values|percent"):
        percentile(values, percent)


def test_middle_of_an_even_number_is_between():
    assert middle([1, 2, 3, 10]) == 2.5


def test_growth_of_a_level_sawtooth_is_nearly_nothing():
    sawtooth = [(at / 10, float(at % 5) * 100) for at in range(300)]
    assert abs(growth_per_s(sawtooth)) < 5


def test_growth_of_a_line_is_its_slope():
    assert growth_per_s([(at / 10, 70.0 * at / 10) for at in range(300)]) == pytest.approx(70.0)


def test_growth_leaves_the_warm_up_out():
    level = [(at / 10, 1_000.0 if at < 100 else 50.0) for at in range(300)]
    assert growth_per_s(level) == 0.0


def test_growth_of_too_few_samples_is_unknown():
    assert growth_per_s([(0.0, 1.0), (1.0, 9.0)]) == 0.0


def test_steady_rate_leaves_the_start_out():
    assert steady_rate([(10.0, 100), (11.0, 300), (12.0, 500)], began=0.0) == 200.0


def test_steady_rate_ends_at_the_last_new_item():
    assert steady_rate([(10.0, 100), (12.0, 500), (90.0, 500)], began=0.0) == 200.0


def test_steady_rate_of_what_came_at_once_counts_from_the_start():
    assert steady_rate([(0.5, 0), (4.0, 200)], began=2.0) == 100.0


def test_steady_rate_of_nothing():
    with pytest.raises(ValueError, match="nothing was seen"):
        steady_rate([(1.0, 0)], began=0.0)

import pytest
from benchmarks.measures import PartResult
from benchmarks.report import markdown, number, plain

from tests.unit.benchmarks.results import memory, run, sequencer


@pytest.mark.parametrize(
    ("value", "expected"),
    [(123_456.7, "123,457"), (999.6, "1000"), (42.04, "42.0"), (1.234, "1.23"), (0.04567, "0.046"), (0.0, "0")],
)
def test_numbers_have_three_digits(value, expected):
    assert number(value) == expected


def test_the_page_has_medians_spreads_and_ratios():
    page = markdown(run(sequencer()), "pictures/benchmarks.svg")
    assert "| **ours** | 31,000 | 30,000 to 32,000 | events/s |  |" in page
    assert "| Quix | 16,000 | one run | events/s | 1.94x |" in page
    goal = "sequencer at least 2x Quix Streams exactly-once"
    assert f"| {goal} | 1.94x (31,000 events/s) | 30,000 to 32,000 events/s | **missed** |" in page
    assert "![Throughput, latency and memory](pictures/benchmarks.svg)" in page
    assert "| processor | a fast one |" in page
    assert "| a\\|b | 3 |" in page


def test_every_row_has_as_many_cells_as_its_table():
    columns = 0
    for line in markdown(run(sequencer(), memory()), None).splitlines():
        cells = line.replace("\\|", "").count("|")
        if line.startswith("|"):
            columns = columns or cells
            assert cells == columns, line
        else:
            columns = 0


def test_a_smaller_run_says_so():
    small = sequencer()
    small.scale = 0.02
    assert "**Not a full run**: sequencer" in markdown(run(small), None)
    assert "Not a full run" not in markdown(run(sequencer()), None)


def test_a_failed_part_shows_its_reason_and_what_it_has():
    part = sequencer()
    part.failed = "BenchmarkFailed: Faust ended with 1:\nTraceback"
    page = markdown(run(part), None)
    assert "**Incomplete**: BenchmarkFailed: Faust ended with 1:" in page
    assert "| **ours** |" in page
    assert "FAILED  sequencer" in plain(run(part))


def test_the_short_form_lists_what_was_measured():
    said = plain(run(memory())).strip()
    assert said == "hit  memory over a million events: the end at most 1.25 times the half: 1.10 times"


def test_percentiles_of_one_thing_stand_in_one_row():
    part = PartResult("latency", "Latency")
    for percent, value in (("p50", 1.0), ("p99", 3.0), ("p99", 2.0), ("p99", 4.0)):
        part.add(f"latency.500.{percent}", f"500 events/s, {percent}", "s", value)
    page = markdown(run(part), None)
    assert "| s: median (lowest to highest) | p50 | p99 |" in page
    assert "| 500 events/s | 1.00 | 3.00 (2.00 to 4.00) |" in page


def test_a_part_may_leave_its_measures_to_its_tables():
    part = sequencer()
    part.hides_measures = True
    assert "| **ours** |" not in markdown(run(part), None)

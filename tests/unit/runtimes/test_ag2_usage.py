import pytest
from ag2.config import ModelProvider
from ag2.events import Usage

from chatsnapshot.runtimes.ag2.usage import usage_buckets

FIGURES = Usage(1000, 200, 1200, cache_read_input_tokens=600, cache_creation_input_tokens=100, thinking_tokens=50)


@pytest.mark.parametrize(
    ("provider", "uncached", "text"),
    [
        ("openai", 300, 150),
        ("anthropic", 1000, 150),
        ("bedrock", 1000, 150),
        ("gemini", 300, 200),
        ("xai", 300, 200),
        (ModelProvider.ANTHROPIC, 1000, 150),
        (None, 300, 150),
    ],
)
def test_buckets_are_disjoint_as_the_provider_counts(provider: object, uncached: int, text: int) -> None:
    buckets = usage_buckets(FIGURES, provider)
    assert buckets["input_uncached"] == uncached
    assert buckets["cache_read"] == 600
    assert buckets["cache_write_5m"] == 100
    assert buckets["output_text"] == text
    assert buckets["output_reasoning"] == 50
    assert buckets["reported"] == {"input": 1000, "output": 200, "total": 1200}
    assert "counted as 5m" in buckets["basis"]


def test_an_unnamed_provider_whose_sum_counts_reasoning_apart_is_believed() -> None:
    buckets = usage_buckets(Usage(100, 20, 150, thinking_tokens=30))
    assert (buckets["output_text"], buckets["output_reasoning"]) == (20, 30)


def test_figures_that_were_not_given_are_not_made_up() -> None:
    buckets = usage_buckets(Usage(prompt_tokens=7))
    assert buckets["input_uncached"] == 7
    assert not {"cache_read", "cache_write_5m", "output_text", "output_reasoning"} & buckets.keys()
    assert buckets["raw"] == {"prompt_tokens": 7}


def test_no_bucket_is_negative() -> None:
    buckets = usage_buckets(Usage(10, 5, 15, cache_read_input_tokens=40, thinking_tokens=9), "openai")
    assert (buckets["input_uncached"], buckets["output_text"]) == (0, 0)

"""The pictures: small, without anything from elsewhere, the demo's from a real run."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from docs.tools.demo_picture import COLUMNS, LAST_SECTION, picture

from tests.fixtures.documents import ROOT

PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
BYTES_MAX = 200_000


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: str(file.name))
def test_a_picture_stands_alone(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.encode()) < BYTES_MAX
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert set(re.findall(r"https?://[^\"'<)\s]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in text


def test_the_demo_picture_shows_what_the_demo_says() -> None:
    words = re.sub(r"<[^>]+>", " ", (ROOT / "docs" / "pictures" / "demo.svg").read_text("utf-8")).replace("&#160;", " ")
    for said in ("Where is my money?", "check-claim", "demo-model", "intact, but open", "Exactly the two faults"):
        assert said in words


def test_a_long_transcript_is_shortened_and_paths_are_left_out() -> None:
    spoken = [
        f"agent{number}{' ' * (COLUMNS - 30)}12:00:0{number % 10}  #{number}\n  said {number}\n"
        for number in range(1, 10)
    ]
    shown = picture("\n".join([*spoken, "graph #3", f"--- {LAST_SECTION} ---", "export X=/home/somebody"]))
    words = shown.replace("&#160;", " ")
    for said in ("said 1", "said 5", "3 more", "said 9", "graph #3"):
        assert said in words
    for left_out in ("said 6", "said 8", "somebody", LAST_SECTION):
        assert left_out not in words

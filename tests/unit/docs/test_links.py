"""Links between documents lead somewhere, to the heading they name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.documents import DOCUMENTS, ROOT

PAGES = (*DOCUMENTS, *sorted((ROOT / "docs" / "decisions").glob("*.md")), ROOT / "CHANGELOG.md")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.M)
_CODE = re.compile(r"^```.*?^```$", re.M | re.S)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(file, heading) of each link that stays in the repository."""
    for target in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if not re.match(r"[a-z]+:", target):
            file, _, heading = target.partition("#")
            yield file, heading


def anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, blanks to dashes, other signs dropped."""
    headings = _HEADING.findall(_CODE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    for file, heading in links(page):
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{file} is not there"
        assert target.is_relative_to(ROOT), f"{file} leaves the repository"
        if heading:
            assert heading in anchors(target), f"{file}#{heading} is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_the_repository_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"`((?:tests|schemas|producers|processors|projections|src|docs|examples)/[\w./-]*)`", text))
    named |= {f"tests/pipeline/{file}" for file in re.findall(r"`(test_\w+\.py)`", text)}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_document_is_found_from_the_index() -> None:
    listed = {(ROOT / "docs" / file).resolve() for file, _ in links(ROOT / "docs" / "index.md")}
    assert {page for page in DOCUMENTS if page.name not in ("README.md", "index.md")} <= listed

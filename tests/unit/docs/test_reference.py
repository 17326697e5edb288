"""Exported names, codes and versions are in the documents."""

import re
import tomllib
from pathlib import Path

import chatsnapshot
from chatsnapshot import Ledger, Recorder, Run
from chatsnapshot.reading.history import RunHistory
from chatsnapshot.verification.findings import Kind
from chatsnapshot_schemas import errors
from chatsnapshot_schemas.reasons import Reason
from tests.fixtures.documents import ROOT

ABSTRACT = {"error", "transient", "fatal"}
"""Codes of classes that only have children."""


def text(name: str) -> str:
    return Path(ROOT, "docs", name).read_text("utf-8")


def public_names(kind: type) -> set[str]:
    return {name for each in kind.__mro__[:-1] for name in vars(each) if not name.startswith("_")}


def test_exported_names_are_documented() -> None:
    shown = text("python.md")
    assert chatsnapshot.__all__ == sorted(chatsnapshot.__all__)
    assert [name for name in chatsnapshot.__all__ if f"`{name}`" not in shown] == []


def test_methods_of_the_main_classes_are_documented() -> None:
    shown = re.sub(r"`?\.?\*\*", "`", text("python.md"))
    for kind in (Recorder, Run, Ledger, RunHistory):
        missing = [name for name in public_names(kind) if not re.search(rf"`(\w+\.)?{name}[`(]", shown)]
        assert missing == [], f"{kind.__name__}: {missing}"


def test_operations_says_what_to_do_about_every_code() -> None:
    shown = text("operations.md")
    codes = {*map(str, Reason), *map(str, Kind), *error_codes(errors.ChatSnapshotError)} - ABSTRACT
    assert sorted(code for code in codes if f"`{code}`" not in shown) == []


def error_codes(kind: type[errors.ChatSnapshotError]) -> set[str]:
    own = set() if kind is errors.InvalidEvent else {kind.code}
    return own.union(*(error_codes(child) for child in kind.__subclasses__() if child.__module__ == errors.__name__))


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert versions[0] == package == chatsnapshot.__version__


def test_the_glossary_has_one_row_a_word_in_order() -> None:
    words = re.findall(r"^\| (?!word|-)([^|]+?) +\|", text("glossary.md"), re.M)
    assert len(words) >= 60
    assert words == sorted(words, key=str.lower)
    assert len(set(words)) == len(words)

"""A file that only grows, and refuses what contradicts it."""

from dataclasses import replace
from pathlib import Path

import pytest

from chatsnapshot.evidence.anchor_file import append_anchor, read_anchor
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.signing_key import SigningKey
from tests.unit.evidence.made_ledger import MadeLedger


def test_new_roots_are_appended_and_known_ones_are_not(key: SigningKey, anchor: Path) -> None:
    made = MadeLedger(key).turns(2, 1).root().turns(2, 1).root()
    first, second = made.roots
    assert append_anchor(anchor, [first]) == [first]
    assert append_anchor(anchor, [first, second]) == [second]
    assert append_anchor(anchor, [first, second]) == []
    assert anchor.read_bytes() == first.value + b"\n" + second.value + b"\n"
    anchored = read_anchor(anchor)[first.ledger]
    assert (anchored.newest, len(anchored.digests), anchored.contradictions) == (second, 2, [])


def test_a_root_that_contradicts_the_file_is_not_appended(key: SigningKey, anchor: Path) -> None:
    made, other = MadeLedger(key).turns(2, 1).root(), MadeLedger(key, text="other").turns(2, 1).root()
    append_anchor(anchor, made.roots)
    before = anchor.read_bytes()
    with pytest.raises(ConfigurationError, match="rewritten"):
        append_anchor(anchor, [replace(made.roots[0], partition=5), *other.roots])
    assert anchor.read_bytes() == before


def test_a_file_without_its_last_newline_is_gone_on_with(key: SigningKey, anchor: Path) -> None:
    made = MadeLedger(key).turns(2, 1).root().turns(2, 1).root()
    anchor.write_bytes(made.roots[0].value)
    append_anchor(anchor, made.roots[1:])
    assert len(read_anchor(anchor)[made.roots[0].ledger].digests) == 2


def test_a_line_that_is_no_root_is_named(key: SigningKey, anchor: Path, tmp_path: Path) -> None:
    made = MadeLedger(key).turns(2, 1).root()
    anchor.write_bytes(made.roots[0].value + b"\n\nhello\n")
    with pytest.raises(ConfigurationError, match="line 3"):
        read_anchor(anchor)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_anchor(tmp_path / "nothing")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        append_anchor(tmp_path / "no" / "folder", made.roots)

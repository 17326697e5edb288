import pytest

from chatsnapshot.embedded.clickhouse.tokens import Token, TokenKind, tokens


def kinds(sql: str) -> list[tuple[str, str]]:
    return [(token.kind.value, token.text) for token in tokens(sql.encode().decode("latin-1"))]


def test_comments_and_white_space_are_no_tokens() -> None:
    assert kinds("a -- b\n/* c /* d */ e */ f # g\n//h\n \u00a0\u3000i") == [
        ("word", "a"),
        ("word", "f"),
        ("word", "i"),
    ]


@pytest.mark.parametrize(
    "text", ["'a''b'", "'a\\'b'", "'--'", "$$ 'x' $$", "$t$ $x$ $t$", "x'ab'", "‘it’", "'\n'", "'\\\\'"]
)
def test_strings(text: str) -> None:
    assert [kind for kind, _ in kinds(f"{text} x")] == ["string", "word"]


@pytest.mark.parametrize(
    ("text", "name"),
    [('"a""b"', 'a"b'), ("`a``b`", "a`b"), ("`a\\`b`", "a`b"), ("`fi\\x6ce`", "file"), ("“a”", "a"), ("a1", "a1")],
)
def test_names(text: str, name: str) -> None:
    (token,) = tokens(text.encode().decode("latin-1"))
    assert token.name == name


def test_numbers_words_and_chains() -> None:
    assert kinds("x.1.2 1.5, .5 1e3 0xff 1abc 1_000") == [
        ("word", "x"),
        ("symbol", "."),
        ("number", "1"),
        ("symbol", "."),
        ("number", "2"),
        ("number", "1.5"),
        ("symbol", ","),
        ("number", ".5"),
        ("number", "1e3"),
        ("number", "0xff"),
        ("word", "1abc"),
        ("number", "1_000"),
    ]


@pytest.mark.parametrize("text", ["'a", '"a', "`a", "/* a", "x'zz", "‘a"])
def test_what_is_not_closed_is_one_error_to_the_end(text: str) -> None:
    assert [kind for kind, _ in kinds(f"a {text} b")] == ["word", "error"]


def test_offsets_are_byte_offsets() -> None:
    sql = "'ü' x"
    (_, word) = tokens(sql.encode().decode("latin-1"))
    assert sql.encode()[word.start : word.end] == b"x"


def test_keywords_are_words_only() -> None:
    assert Token(TokenKind.WORD, "Select", 0, 6).is_word("SELECT")
    assert not Token(TokenKind.QUOTED, '"select"', 0, 8).is_word("SELECT")

"""ClickHouse's lexical rules: SQL text in, significant tokens out, lazily.

The text is SQL bytes decoded as Latin-1, so that one character is one byte and every offset is a byte offset. The rules
are those of ClickHouse's `Lexer` (strings, quoted identifiers, typographic quotes, nested comments, here-documents);
a test compares them with the engine's own `tokenizeQuery`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class TokenKind(Enum):
    """What a token is; comments and whitespace are never tokens."""

    WORD = "word"
    QUOTED = "quoted"
    STRING = "string"
    NUMBER = "number"
    SYMBOL = "symbol"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `start` and `end` are byte offsets into the SQL."""

    kind: TokenKind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the keywords (given in upper case)."""
        return self.kind is TokenKind.WORD and self.text.upper() in words

    def is_symbol(self, symbol: str) -> bool:
        """Whether this is that punctuation mark."""
        return self.kind is TokenKind.SYMBOL and self.text == symbol

    @property
    def name(self) -> str | None:
        """The identifier that the token spells, quotes and escapes undone; None when it cannot be one."""
        if self.kind is TokenKind.WORD:
            return self.text
        if self.kind is TokenKind.QUOTED:
            return _unquote(self.text)
        return None


# the UTF-8 bytes of the white space beyond ASCII that ClickHouse skips (text pasted from documents)
_UNICODE_SPACE = (
    "\xc2\x85|\xc2\xa0|\xe1\x9a\x80|\xe1\xa0\x8e|\xe2\x80[\x80-\x8d\xa8\xa9\xaf]"
    "|\xe2\x81[\x9f\xa0]|\xe3\x80\x80|\xef\xbb\xbf"
)
_SKIPPED = re.compile(rf"(?:[ \t\n\r\f\v]+|--[^\n]*|//[^\n]*|#[ !][^\n]*|{_UNICODE_SPACE})+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_HEREDOC = re.compile(r"(\$[A-Za-z0-9_]*\$).*?\1", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\]+|\\.|'')*'|[xX]'[0-9a-fA-F]*'|[bB]'[01]*'|\xe2\x80\x98.*?\xe2\x80\x99", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]+|\\.|"")*"|`(?:[^`\\]+|\\.|``)*`|\xe2\x80\x9c.*?\xe2\x80\x9d', re.DOTALL)
_UNCLOSED = re.compile(r"['\"`]|[xXbB]'(?=[\s\S])|\xe2\x80[\x98\x9c]|/\*")
_DECIMAL, _HEX = "[0-9]+(?:_[0-9]+)*", "[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_EXPONENT = rf"(?:[eE](?=[\s\S])[+-]?(?:{_DECIMAL})?)?"
_NUMBER = re.compile(
    rf"0[xX]{_HEX}(?:\.(?:{_HEX})?)?(?:[pP](?=[\s\S])[+-]?(?:{_DECIMAL})?)?|0[bB][01]+(?:_[01]+)*"
    rf"|{_DECIMAL}(?:\.(?:{_DECIMAL})?)?{_EXPONENT}|\.{_DECIMAL}{_EXPONENT}"
)
_DIGITS = re.compile(_DECIMAL)
_WORD = re.compile(r"[0-9][A-Za-z0-9_]*|(?:[A-Za-z_]|\$(?=[A-Za-z0-9_]))[A-Za-z0-9_$]*")
_SYMBOL = re.compile(r"\xe2\x88\x92|->|==|!=|<=>|<=|>=|<>|\|\||\|>|::|@@|\\G|[][(){},;.+\-*/%?:^=<>|~@$!]")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)|``|\"\"", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "v": "\v", "e": "\x1b"}
_BEFORE_QUALIFIER = (TokenKind.WORD, TokenKind.QUOTED, TokenKind.NUMBER)


def tokens(text: str) -> Iterator[Token]:
    """The significant tokens in order. Never raises: what cannot be read is one token of kind ERROR."""
    position = _after_gap(text, 0)
    previous: Token | None = None
    while position < len(text):
        previous = _next_token(text, position, previous)
        yield previous
        position = _after_gap(text, previous.end)


def _after_gap(text: str, position: int) -> int:
    """The first offset that is neither white space nor comment; an unclosed comment is left to be an error."""
    while True:
        skipped = _SKIPPED.match(text, position)
        after = skipped.end() if skipped else position
        if text.startswith("/*", after):
            after = _after_comment(text, after)
        if after == position:
            return position
        position = after


def _after_comment(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return start


def _next_token(text: str, start: int, previous: Token | None) -> Token:
    for kind, pattern in (
        (TokenKind.STRING, _HEREDOC),
        (TokenKind.STRING, _STRING),
        (TokenKind.QUOTED, _QUOTED),
        (TokenKind.ERROR, _UNCLOSED),
    ):
        found = pattern.match(text, start)
        if found:
            end = len(text) if kind is TokenKind.ERROR else found.end()
            return Token(kind, text[start:end], start, end)
    return _number(text, start, previous) or _plain_token(text, start)


def _number(text: str, start: int, previous: Token | None) -> Token | None:
    if previous is not None and previous.is_symbol("."):
        found = _DIGITS.match(text, start)  # x.1.2 is a chain of tuple elements, not x . 1.2
    elif text[start] == "." and previous is not None and _may_be_qualified(previous):
        return None
    else:
        found = _NUMBER.match(text, start)
    if not found:
        return None
    word = _WORD.match(text, start)
    if word and word.end() > found.end():
        return None  # an identifier that begins with a digit
    return Token(TokenKind.NUMBER, found.group(), start, found.end())


def _may_be_qualified(token: Token) -> bool:
    return token.kind in _BEFORE_QUALIFIER or token.is_symbol(")") or token.is_symbol("]")


def _plain_token(text: str, start: int) -> Token:
    for kind, pattern in ((TokenKind.WORD, _WORD), (TokenKind.SYMBOL, _SYMBOL)):
        found = pattern.match(text, start)
        if found:
            return Token(kind, found.group(), start, found.end())
    return Token(TokenKind.ERROR, text[start], start, start + 1)


def _unquote(text: str) -> str:
    if text.startswith("\xe2\x80"):
        return text[3:-3]
    return _ESCAPE.sub(_unescape, text[1:-1])


def _unescape(found: re.Match[str]) -> str:
    escaped = found.group(1)
    if escaped is None:
        return found.group()[0]
    if len(escaped) == 3:
        return chr(int(escaped[1:], 16))
    return _ESCAPED.get(escaped, escaped)

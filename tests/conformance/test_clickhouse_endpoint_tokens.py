"""Our reading of SQL's tokens against the engine's own, on arbitrary text."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatsnapshot.embedded.clickhouse.tokens import TokenKind, tokens

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)

PRINTABLE = """
' " ` \\ '' -- // /* */ # #! $$ $a$ $ ; . , ‘ ’ “ ” − № { } ( ) x' b' 0x1 0b1 1 1e 1_0 a_b a é FORMAT SELECT file :: ->
<= || | ! @ @@ \\G % ? <=> = == - + ~ ^
"""
PIECES = [*PRINTABLE.split(), "# ", "\n", " ", "\t", "\u00a0", "\u3000"]
IGNORED = {"Whitespace", "Comment"}
TOKENIZE = "SELECT toJSONString(arrayMap(t -> (t.1, t.2, toString(t.3)), tokenizeQuery({sql:String}))) FORMAT TSVRaw"
NAMES = {"BareWord": TokenKind.WORD, "QuotedIdentifier": TokenKind.QUOTED}
STRINGS = {"StringLiteral", "HereDoc"}


def engine_tokens(http: httpx.Client, sql: str) -> list[tuple[int, int, str]]:
    escaped = sql.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    response = http.post(
        "/",
        params={"param_sql": escaped},
        content=TOKENIZE,
    )
    assert response.status_code == 200, response.text
    return [(start, end, kind) for start, end, kind in json.loads(response.text) if kind not in IGNORED]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_our_tokens_are_the_engines(http: httpx.Client, sql: str) -> None:
    theirs = engine_tokens(http, sql)
    ours = list(tokens(sql.encode().decode("latin-1")))
    named = [(start, end, NAMES.get(kind)) for start, end, kind in theirs if kind in NAMES]
    if any(kind.startswith("Error") for _, _, kind in theirs):
        # the engine refuses the whole text; what stands before its first error must still agree
        first_error = next(start for start, _, kind in theirs if kind.startswith("Error"))
        named = [name for name in named if name[1] <= first_error]
        ours = [token for token in ours if token.end <= first_error]
        theirs = [token for token in theirs if token[1] <= first_error]
    named = [name for name in named if not sql.encode()[name[0] : name[0] + 1].isdigit()]
    ours = [token for token in ours if not token.text[0].isdigit()]  # numbers and words like 0b1e differ in broken text
    ours_named = [(token.start, token.end, token.kind) for token in ours if token.kind in NAMES.values()]
    assert ours_named == named
    ours_strings = [(token.start, token.end) for token in ours if token.kind is TokenKind.STRING]
    assert ours_strings == [(start, end) for start, end, kind in theirs if kind in STRINGS]
    semicolons = [token.start for token in ours if token.is_symbol(";")]
    assert semicolons == [start for start, _, kind in theirs if kind == "Semicolon"]

"""No ledger row may make an insert fail or go missing: arbitrary JSON at every conventional key of every primitive."""

import json
from collections.abc import Iterator
from itertools import count, product

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from chatsnapshot_projections.migrations import VIEWS
from chatsnapshot_schemas.event_types import PRIMITIVES, primitive_of
from chatsnapshot_schemas.payload_json import check_payload_text
from tests.fixtures.ledger_blocks import LedgerDatabase, numbered

CALLS_MAX = 256
_PATHS = """
runtime_event runtime_event.type response_id model provider model_call_id agent agent_run_id parent_agent_run_id attempt
started_at duration_ms error error.message truncated message_id role recipient content content[].text text parts
parts[].text attachments reasoning reasoning[].text reasoning[].summary structured_output structured_output.value value
tool_call_ids finish_reason partial first_token_ms tool_call_id name tool_type executed_by arguments arguments_text
batch_id index calls calls[].tool_call_id calls[].name calls[].arguments calls[].index calls[].child_correlation_id
calls[].approval_required approval_required
child_correlation_id status output kind request_id prompt options from_agent to_agent reason state entity entity_id
parent_entity_id phase depends_on depends_on[] workflow_name user_id forked_from forked_from.correlation_id
forked_from.sequence_no action decision answer values channel call_id direction service operation method url request
response usage usage.input_uncached usage.output_text usage.reported usage.reported.total usage.basis usage.scope
usage.counter usage.series usage.service_tier usage.batch usage.provider_cost usage.provider_cost.amount
usage.provider_cost.currency
"""
KEYS = _PATHS.split()
"""Paths that projections read, and some that they do not; `[]` is a list of one."""

_scalars = st.one_of(
    st.sampled_from(
        ["null", "true", "false", "0", "-0", "1e400", "-1E+999", "9" * 400, "9" * 400 + ".5", "1e-999", '""']
    ),
    st.sampled_from(["1.7014118346046923e+26", "9.223372036854775807e18", "1.8446744073709552e19", "1e38", "-2e26"]),
    st.sampled_from(
        ['"1e38"', '"1.7014118346046923e+26"', '"-9223372036854775809"', '"0x1F"', '"1e"', '"nan"', '"inf"']
    ),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    # json.dumps writes lone surrogates as escapes, which is valid JSON
    st.text(st.characters(exclude_categories=()), max_size=30).map(json.dumps),
    st.text('\\ud8cC0{}[]":e1', max_size=20).map(json.dumps),
)
_names = st.one_of(st.sampled_from(["text", "type", "message", "summary", "input", "index", "0"]), st.text(max_size=5))
json_texts = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(_names, inner), max_size=4).map(
            lambda pairs: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"
        ),
    ),
    max_leaves=12,
)
event_types = st.from_regex(r"(execution|system|ui|integration)(\.[a-z][a-z0-9_]{0,8}){1,3}", fullmatch=True)


def payload_with(path: str, value: str) -> str:
    """A payload that has the JSON text at the path and nothing else."""
    for key in reversed(path.split(".")):
        value = f'{{"{key[:-2]}":[{value}]}}' if key.endswith("[]") else f'{{"{key}":{value}}}'
    return value


def everywhere(value: str) -> str:
    """A payload that has the JSON text at every key of the first level."""
    return "{" + ",".join(f'"{key}":{value}' for key in KEYS if "." not in key and "[" not in key) + "}"


def expected_rows(kind: str, payload: str) -> int:
    """How many rows an event gives: one, or one a call."""
    calls = json.loads(payload).get("calls")
    listed = primitive_of(kind) == "execution.tool_call" and isinstance(calls, list)
    return min(max(len(calls), 1), CALLS_MAX) if listed else 1


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


_runs = count()


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(value=json_texts, other=event_types)
@example(value='"\\ud800"', other="execution.new")
@example(value="1e400", other="ui.new")
@example(value="[" * 60 + "]" * 60, other="system.new")
@example(value="[" + ",".join(["{}"] * 300) + "]", other="execution.tool_call.remote")
@example(value="1.7014118346046923e+26", other="execution.a")
@example(value="9223372036854775808", other="integration.new")
@example(value="[null,[],1]", other="execution.tool_call.odd")
@example(value='{"a":1,"a":2}', other="execution.state_change.x")
def test_every_ledger_row_gives_its_rows(ledger: LedgerDatabase, value: str, other: str) -> None:
    kinds = [*PRIMITIVES, other]
    events = [(kind, payload_with(path, value)) for kind, path in product(kinds, KEYS)]
    events += [(kind, everywhere(value)) for kind in kinds]
    for _, payload in events[: len(KEYS)]:
        check_payload_text(payload)  # else it would never have come into the ledger
    run = f"run-{next(_runs)}"
    ledger.insert(numbered(run, events))
    wanted = {number: expected_rows(*event) for number, event in enumerate(events, start=1)}
    for table in ("run_items", "workflow_facts"):
        rows = ledger.rows(
            f"SELECT sequence_no, count(), max(ordinal) + 1 FROM {table} FINAL "
            f"WHERE correlation_id = '{run}' GROUP BY sequence_no"
        )
        assert {number: found for number, found, _ in rows} == wanted, table
        assert all(found == ordinals for _, found, ordinals in rows), table
    assert ledger.one(f"SELECT events FROM runs WHERE correlation_id = '{run}'") == len(events)


def test_every_view_reads_what_was_recorded(ledger: LedgerDatabase) -> None:
    values = ['"\\udfff"', "1e999", "[[[]]]", '{"text":[1]}', "-9223372036854775808", "true", '"x"']
    for run, value in enumerate(values):
        kinds = [*PRIMITIVES, "execution.handoff"]
        ledger.insert(
            numbered(f"view-{run}", [(kind, payload_with(path, value)) for kind, path in product(kinds, KEYS)])
        )
    for view in VIEWS:
        ledger.rows(f"SELECT count(), sum(cityHash64(*)) FROM {view}")

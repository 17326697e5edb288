"""The hand-written head against a general Avro writer."""

from io import BytesIO
from typing import Any

from fastavro import schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_schemas.avro_schema import ledger_head_schema
from chatsnapshot_schemas.ledger_head import write_head

longs = st.integers(0, 2**63 - 1) | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 300)
ints = st.integers(0, 2**31 - 1)


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {
            "prev_hash": st.binary(min_size=32, max_size=32),
            "sequence_no": longs,
            "recorded_at": longs,
            "input_epoch": ints,
            "input_partition": ints,
            "input_offset": longs,
            "gap_before": longs,
            "late": st.booleans(),
            "cause": st.sampled_from(["root", "linked", "external", "unresolved"]),
        }
    )
)
def test_the_head_is_avro(head: dict[str, Any]) -> None:
    out = BytesIO()
    schemaless_writer(out, ledger_head_schema(), {"hash": bytes(32), **head})
    assert write_head(head) == out.getvalue()[32:]

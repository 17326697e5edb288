import io
from typing import Any

import pytest

from chatsnapshot.exporting.parquet_footer import NotParquet, parquet_rows

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def file_of(rows: int, **options: Any) -> io.BytesIO:
    table = arrow.table(
        {
            "number": list(range(rows)),
            "text": [f"row {number}" for number in range(rows)],
            "flag": [number % 2 == 0 for number in range(rows)],
            "map": arrow.array([[("a", number)] for number in range(rows)], arrow.map_(arrow.string(), arrow.int64())),
            "inner": [{"x": number / 3, "y": [number]} for number in range(rows)]
            or arrow.array([], arrow.struct([("x", arrow.float64())])),
        }
    ).replace_schema_metadata({"key": "value"})
    out = io.BytesIO()
    parquet.write_table(table, out, **options)
    return out


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 100_000])
@pytest.mark.parametrize("options", [{}, {"row_group_size": 10_000}, {"version": "1.0"}], ids=str)
def test_rows_are_those_that_a_parquet_library_counts(rows: int, options: dict[str, Any]) -> None:
    file = file_of(rows, **options)
    assert parquet_rows(file) == parquet.ParquetFile(file).metadata.num_rows == rows


@pytest.mark.parametrize("cut", [1, 4, 8, 100])
def test_a_file_that_was_cut_off_is_none(cut: int) -> None:
    data = file_of(1_000).getvalue()
    with pytest.raises(NotParquet):
        parquet_rows(io.BytesIO(data[:-cut]))


def test_structures_without_end_are_none() -> None:
    nested = b"\x1c" * 100_000
    with pytest.raises(NotParquet, match="nested too deeply"):
        parquet_rows(io.BytesIO(b"PAR1" + nested + len(nested).to_bytes(4, "little") + b"PAR1"))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\xff" * 4 + b"PAR1", b"PAR1" + b"\0" * 4 + b"PAR1"])
def test_what_only_looks_like_one_is_none(data: bytes) -> None:
    with pytest.raises(NotParquet):
        parquet_rows(io.BytesIO(data))

"""The formats of an export: ClickHouse's own, with the settings that keep every digit."""

from enum import StrEnum
from pathlib import Path

from chatsnapshot_schemas.errors import ConfigurationError


class FileFormat(StrEnum):
    """What a file holds."""

    PARQUET = "parquet"
    JSONL = "jsonl"

    @property
    def clickhouse_name(self) -> str:
        """As ClickHouse calls it."""
        return "Parquet" if self is FileFormat.PARQUET else "JSONEachRow"


FORMAT_SETTINGS: dict[FileFormat, dict[str, str | int]] = {
    FileFormat.PARQUET: {"output_format_parquet_compression_method": "zstd"},
    FileFormat.JSONL: {
        "date_time_output_format": "iso",
        # a reader that keeps numbers as doubles must not lose digits of money
        "output_format_json_quote_decimals": 1,
        "output_format_json_quote_64bit_integers": 0,
        "output_format_json_escape_forward_slashes": 0,
    },
}
_BY_SUFFIX = {
    ".parquet": FileFormat.PARQUET,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
    ".json": FileFormat.JSONL,
}


def format_of(file: str, said: FileFormat | None) -> FileFormat:
    """The format that was said, else the one that the file's name tells. Raises ConfigurationError."""
    found = said or _BY_SUFFIX.get(Path(file).suffix.lower())
    if found is None:
        raise ConfigurationError(f"--format: parquet or jsonl? The name {file!r} does not tell")
    return found

"""Secrets that are mounted as files, and files that settings name: read, or named with what is wrong."""

import os
from pathlib import Path
from typing import Any

from chatsnapshot_schemas.errors import ConfigurationError

SECRETS = ("api_key", "kafka_password", "kafka_key_password", "clickhouse_password")
"""Settings that have a `..._file` beside them."""
SECRET_BYTES_MAX = 64 * 1024
"""No password is that long: a larger file is another one, named by mistake."""


def with_secrets(values: dict[str, Any]) -> dict[str, Any]:
    """Settings by field name, with the secrets whose file is named. Raises ConfigurationError."""
    filled = dict(values)
    for name in SECRETS:
        path = values.get(f"{name}_file")
        if not path:
            continue
        if values.get(name):
            raise ConfigurationError(f"{_variable(name)} and {_variable(name)}_FILE are both set: keep one of them")
        filled[name] = _secret(f"{name}_file", Path(path))
    return filled


def readable(name: str, path: Path | None) -> str | None:
    """The path of a file that is there and may be read, as text. Raises ConfigurationError naming the variable."""
    if path is None:
        return None
    if not path.is_file():
        raise ConfigurationError(f"{_variable(name)}: there is no file {path}")
    if not os.access(path, os.R_OK):
        raise ConfigurationError(f"{_variable(name)}: {path} may not be read by this user")
    return str(path)


def _secret(name: str, path: Path) -> str:
    """The file's text without the newline that editors and `echo` put at its end."""
    readable(name, path)
    with path.open("rb") as file:
        content = file.read(SECRET_BYTES_MAX + 1)
    if len(content) > SECRET_BYTES_MAX:
        raise ConfigurationError(f"{_variable(name)}: {path} is larger than {SECRET_BYTES_MAX} bytes: not a secret")
    try:
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{_variable(name)}: {path} is not UTF-8 text") from None
    if not text:
        raise ConfigurationError(f"{_variable(name)}: {path} is empty")
    return text


def _variable(name: str) -> str:
    return f"CHATSNAPSHOT_{name.upper()}"

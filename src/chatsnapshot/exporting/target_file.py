"""A file that is either whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chatsnapshot_schemas.errors import ConfigurationError


@contextmanager
def whole_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Write beside `path`, and give it its name when the block ends well; else nothing is left.

    Raises ConfigurationError when the file is there and shall not be replaced, or its folder is not; OSError.
    """
    if path.exists() and not replace:
        raise ConfigurationError(f"{path} is there already; --force replaces it")
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigurationError(
            f"{path} cannot be written: {'it' if path.is_dir() else path.parent} is no "
            f"{'file' if path.is_dir() else 'folder'}"
        )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            partial.replace(path)
        else:
            os.link(partial, path)  # unlike a rename it fails when somebody else was faster
    except FileExistsError:
        raise ConfigurationError(f"{path} was made by somebody else meanwhile; --force replaces it") from None
    finally:
        partial.unlink(missing_ok=True)

"""Small files that are either the old or the new, never half."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace the file's content in one step. Raises OSError and then leaves the old content."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise

"""The list `truncated` of a preview: which JSON paths were shortened, in bounded room."""

import json
import re
from typing import Any

PATHS_BYTES_MAX = 16 * 1024
"""Room for the list in a preview, with its name and comma."""
PATHS_MAX = 200
"""More than that nobody reads: then only the members of the payload are named, and at last `$`, all of it."""
PATH_CHARS_MAX = 256
_COLLECTED_MAX = 10_000
_SPACE_FOR_NAME = 16
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_ROOT = "$"


class ShortenedPaths:
    """Collects paths in the order in which they were found."""

    def __init__(self, before: Any = None) -> None:
        """`before`: what a payload itself says in its `truncated`."""
        told = before if isinstance(before, list) else []
        self._paths = dict.fromkeys(path for path in told[:_COLLECTED_MAX] if type(path) is str)

    def add(self, path: str) -> None:
        """Remember a path; after many it only matters that there are many."""
        if len(self._paths) < _COLLECTED_MAX:
            self._paths[path] = None

    def mark(self) -> int:
        """A place to go `back_to`."""
        return len(self._paths)

    def back_to(self, mark: int) -> None:
        """Forget what was added since: it lies in something that was left out."""
        while len(self._paths) > mark:
            self._paths.popitem()

    def as_json(self) -> str:
        """The list as JSON, at most PATHS_BYTES_MAX bytes together with its name."""
        paths = list(self._paths)
        for named in (paths, list(dict.fromkeys(map(_top, paths))), [_ROOT]):
            text = json.dumps(named, separators=(",", ":"))
            short = all(len(path) <= PATH_CHARS_MAX for path in named)
            if len(named) <= PATHS_MAX and short and len(text) <= PATHS_BYTES_MAX - _SPACE_FOR_NAME:
                return text
        raise AssertionError("the last of them always fits")


def child_path(path: str, name: str) -> str:
    """The path of a member: `$.name`, or `$["any text"]`. A long name is left out: what holds it is named instead."""
    if len(name) > PATH_CHARS_MAX:
        return path
    return f"{path}.{name}" if _WORD(name) else f"{path}[{json.dumps(name)}]"


def _top(path: str) -> str:
    """The member of the payload that a path lies in."""
    found = re.match(r'\$(\.[A-Za-z_][A-Za-z0-9_]*|\["(?:[^"\\]|\\.)*"\])', path)
    return found[0] if found else _ROOT

"""Keeping the libraries' logs readable: while a broker is away aiokafka alone writes dozens of lines a second."""

import logging
from time import monotonic

WARNINGS_ONLY = ("faust", "mode", "aiokafka", "kafka", "chatsnapshot_processors.faust_transport")
"""The last one because Faust logs a subclass's services under its module's name."""
REPEAT_AFTER_S = 30.0
_REMEMBERED_MAX = 200


class SeldomRepeated(logging.Filter):
    """Lets a message of the loggers below `names` pass once in REPEAT_AFTER_S, whatever is filled into it."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._prefixes = tuple(f"{name}." for name in names)
        self._passed_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if not f"{record.name}.".startswith(self._prefixes):
            return True
        said, now = (record.name, str(record.msg)), monotonic()
        if now - self._passed_at.get(said, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return False
        if len(self._passed_at) >= _REMEMBERED_MAX:
            self._passed_at.clear()
        self._passed_at[said] = now
        return True


def quieten() -> None:
    """For the worker's process: warnings only from Faust and below, seldom repeated, on every handler of the root."""
    for name in WARNINGS_ONLY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(SeldomRepeated(WARNINGS_ONLY))

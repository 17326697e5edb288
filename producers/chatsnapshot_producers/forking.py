"""`fork()`: the child must not go on with what its parent holds, and must not find anything half made."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Protocol

from chatsnapshot_producers import event_ids

FORK_WAITS_S = 5.0
"""What a fork waits for takes a tenth of a second; a process that hangs in it must be able to fork all the same."""


class Forgetful(Protocol):
    """Something that belongs to one process."""

    def after_fork(self) -> None:
        """Called first thing in a forked child, where no other thread runs."""
        ...


_things: "weakref.WeakSet[Forgetful]" = weakref.WeakSet()


class _Gate:
    """Held while something is made, or while this process forks."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._forking = threading.local()

    def before_fork(self) -> None:
        self._forking.holds = self.lock.acquire(timeout=FORK_WAITS_S)

    def after_fork_in_parent(self) -> None:
        if self._forking.holds:
            self.lock.release()

    def after_fork_in_child(self) -> None:
        self.lock = threading.RLock()  # the other may be held by a thread that is not here
        event_ids.reset_after_fork()
        for thing in list(_things):
            thing.after_fork()


_gate = _Gate()


def forget_after_fork(thing: Forgetful) -> None:
    """Call `thing.after_fork()` in every child that is forked from now on; held weakly."""
    _register_once()
    _things.add(thing)


@contextmanager
def unforked() -> Iterator[None]:
    """No other thread forks meanwhile, for FORK_WAITS_S at most. For what is short: nothing that waits for a network.

    A child has its parent's memory and none of its threads: a module whose import was under way stays half imported
    there for ever, and a file descriptor that no variable names yet stays open, with its lock.
    """
    _register_once()
    with _gate.lock:
        yield


@cache
def _register_once() -> None:
    os.register_at_fork(
        before=_gate.before_fork,
        after_in_parent=_gate.after_fork_in_parent,
        after_in_child=_gate.after_fork_in_child,
    )

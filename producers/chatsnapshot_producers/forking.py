"""After `fork()`: the child must not go on with what its parent holds."""

import os
import weakref
from functools import cache
from typing import Protocol

from chatsnapshot_producers import event_ids


class Forgetful(Protocol):
    """Something that belongs to one process."""

    def after_fork(self) -> None:
        """Called first thing in a forked child, where no other thread runs."""
        ...


_things: "weakref.WeakSet[Forgetful]" = weakref.WeakSet()


def forget_after_fork(thing: Forgetful) -> None:
    """Call `thing.after_fork()` in every child that is forked from now on; held weakly."""
    _register_once()
    _things.add(thing)


@cache
def _register_once() -> None:
    os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    event_ids.reset_after_fork()
    for thing in list(_things):
        thing.after_fork()

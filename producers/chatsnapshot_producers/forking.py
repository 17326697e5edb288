"""After `fork()`: what a child must forget. Bound methods are held weakly, so that nothing lives longer for it."""

import os
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any

_callbacks: "weakref.WeakSet[Any]" = weakref.WeakSet()

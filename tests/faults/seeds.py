"""The seed of a fault: printed with every test, and one of them can be run again."""

import os
import random
import zlib

SEED_VARIABLE = "CHATSNAPSHOT_FAULT_SEED"
"""Every random choice of the laboratory follows from this number and the test's name."""


def session_seed() -> int:
    """The seed that was asked for, else one drawn at random."""
    given = os.environ.get(SEED_VARIABLE)
    return int(given) if given else random.SystemRandom().randrange(1_000_000)


def random_of(seed: int, test: str) -> random.Random:
    """The same choices for the same seed and test, whatever else runs."""
    return random.Random(seed * 1_000_003 + zlib.crc32(test.encode()))

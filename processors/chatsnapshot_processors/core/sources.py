"""The numbers of every instance, as the ledger shows them and as used up beside it."""

from collections.abc import Mapping
from itertools import islice

from chatsnapshot_processors.core.held import HeldEvents
from chatsnapshot_processors.core.incoming import Source
from chatsnapshot_processors.core.number_ranges import count_within
from chatsnapshot_processors.core.recorded_state import RecordedState
from chatsnapshot_processors.core.records import StateChange
from chatsnapshot_processors.core.source_numbers import (
    START,
    SourceNumbers,
    expected_number,
    is_taken,
    still_needed,
    with_used,
)
from chatsnapshot_schemas.state_entries import NumberRanges, UsedKey, encode_used, used_key

USED_SOURCES_MAX = 20_000
"""Sources of a partition with used numbers that the ledger has not passed, beside those with held events: about 12 MB.
Bad events of ever new sources leave one each for ever; the ones that changed longest ago are forgotten: at worst a good
event behind a forgotten bad one is recorded with a gap."""
FORGOTTEN_AT_ONCE = 200
"""Looking for the oldest passes over sources with held events; so it is done seldom."""


class Sources:
    """Answers about `source_seq`. A number belongs to the first that takes it: recorded, used up or held."""

    def __init__(self, state: RecordedState, held: HeldEvents, used: Mapping[UsedKey, NumberRanges]) -> None:
        self._state = state
        self._held = held
        self._used: dict[Source, NumberRanges] = {_source(whose): numbers for whose, numbers in used.items()}
        """In the order of their last change, which is that of the state topic."""

    def expected(self, source: Source) -> int:
        """The next number that is neither recorded nor used up."""
        numbers = self._state.numbers(*source) or START
        return expected_number(numbers, self._used[source]) if source in self._used else numbers.next

    def missing_before(self, source: Source, number: int) -> int:
        """How many numbers from the expected one up to below `number` are neither recorded, used nor held."""
        expected, used = self.expected(source), self._used.get(source, ())
        held = self._held.count_before(source, number, used)
        return number - expected - count_within(used, expected, number - 1) - held

    def has_used(self, source: Source) -> bool:
        """Whether numbers of the source are kept as used up."""
        return source in self._used

    def is_taken(self, source: Source, number: int) -> bool:
        """Whether the number is recorded or used up."""
        return is_taken(self._numbers(source), self._used.get(source, ()), number)

    def use_up(self, source: Source, number: int) -> list[StateChange]:
        """The number is spent by an event that the ledger does not show; nothing when it was taken already."""
        numbers, used = self._numbers(source), self._used.get(source, ())
        if is_taken(numbers, used, number) or self._held.holds_number(source, number):
            return []
        return self._keep(source, still_needed(numbers, with_used(numbers, used, number)))

    def account(self, source: Source, number: int) -> list[StateChange]:
        """A record with that number was folded into the state: forget used numbers that no decision needs any more.

        A number recorded out of turn, beyond the ledger's `next`, is kept as used instead.
        """
        numbers, used = self._numbers(source), self._used.get(source, ())
        after = with_used(numbers, used, number) if number >= numbers.next else used
        return self._keep(source, still_needed(numbers, after))

    def _numbers(self, source: Source) -> SourceNumbers:
        return self._state.numbers(*source) or START

    def _keep(self, source: Source, used: NumberRanges) -> list[StateChange]:
        if used == self._used.get(source, ()):
            return []
        self._used.pop(source, None)
        if not used:
            return [_tombstone(source)]
        self._used[source] = used
        change = StateChange(used_key(_whose(source)), encode_used(used))
        return [change, *self._forget_oldest()] if len(self._used) > USED_SOURCES_MAX else [change]

    def _forget_oldest(self) -> list[StateChange]:
        """What a held event counts on stays: it was told that these numbers are used."""
        forgettable = (source for source in self._used if not self._held.holds_any_of(source))
        forgotten = list(islice(forgettable, FORGOTTEN_AT_ONCE))
        for source in forgotten:
            del self._used[source]
        return [_tombstone(source) for source in forgotten]


def _tombstone(source: Source) -> StateChange:
    return StateChange(used_key(_whose(source)), None)


def _source(whose: UsedKey) -> Source:
    return f"{whose.tenant_id}/{whose.correlation_id}".encode(), whose.instance


def _whose(source: Source) -> UsedKey:
    # no tenant holds a "/"
    tenant_id, _, correlation_id = source[0].decode().partition("/")
    return UsedKey(tenant_id, correlation_id, source[1])

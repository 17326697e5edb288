"""Every cache of calls is bounded, and stays within its bound when more comes than it holds."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

import chatsnapshot_processors.core
import chatsnapshot_schemas
from chatsnapshot.verification import chain_check
from chatsnapshot_processors.core import ledger_facts
from chatsnapshot_processors.core.reading import PARTITIONS_CACHED_MAX, SENDERS_CACHED_MAX, Reader
from chatsnapshot_schemas import canonical_envelope, ledger_head, rules
from chatsnapshot_schemas.avro_long import encode_long
from chatsnapshot_schemas.framing import Framing

Called = Callable[[int], Any]


def text(number: int) -> bytes:
    """As Avro writes it."""
    said = f"n{number}".encode()
    return bytes([2 * len(said)]) + said


def source(number: int) -> bytes:
    """Origin, runtime, service, no instance, no agent."""
    return b"\0" + text(0) + text(number) + b"\0\0"


def sender(number: int) -> tuple[Any, ...]:
    return "default", f"run-{number}", "agent", "custom", "service", None, None


CACHES: dict[Any, Called] = {
    canonical_envelope._known_scope: lambda n: canonical_envelope._known_scope(text(0) + text(n)),
    canonical_envelope._known_source: lambda n: canonical_envelope._known_source(source(n)),
    canonical_envelope._whole_text: lambda n: canonical_envelope._whole_text(text(n)),
    canonical_envelope._upper_bits: lambda n: canonical_envelope._upper_bits(n.to_bytes(5)),
    ledger_head._long: ledger_head._long,
    rules._event_type: lambda n: rules._event_type(f"execution.a{n}"),
    ledger_facts._place: lambda n: ledger_facts._place(encode_long((1 << 50) + n) + bytes(2)),
    ledger_facts._scope: lambda n: ledger_facts._scope(text(0) + text(n)),
    ledger_facts._instance: lambda n: ledger_facts._instance(source(n)),
    chain_check._check_sender: lambda n: chain_check._check_sender(*sender(n)),
}


@pytest.mark.parametrize("cached", CACHES, ids=lambda cached: cached.__qualname__)
def test_a_cache_of_calls_keeps_as_many_as_it_may(cached: Any) -> None:
    bound = cached.cache_parameters()["maxsize"]
    for number in range(bound + 10):
        CACHES[cached](number)
    assert cached.cache_info().currsize == bound


def test_a_reader_remembers_as_many_correlations_and_senders_as_it_may() -> None:
    reader = Reader(partition=0, partitions=8, epoch=1, framing=Framing())
    for number in range(PARTITIONS_CACHED_MAX + 10):
        reader._home("default", f"run-{number}")
    for number in range(SENDERS_CACHED_MAX + 10):
        reader._check_sender(*sender(number))
    assert reader._home.cache_info().currsize == PARTITIONS_CACHED_MAX
    assert reader._check_sender.cache_info().currsize == SENDERS_CACHED_MAX


def test_no_other_function_of_the_core_remembers_its_calls() -> None:
    """But those without arguments, which have one answer, and those of a few known arguments."""
    found = {(cached.__module__, cached.__name__) for cached in caches() if takes_arguments(cached)}
    known = {(cached.__module__, cached.__name__) for cached in CACHES}
    assert found <= known


def caches() -> Iterator[Any]:
    for package in (chatsnapshot_schemas, chatsnapshot_processors.core):
        for module in modules(package):
            yield from (each for each in vars(module).values() if hasattr(each, "cache_info") and is_ours(each))


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for each in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{each.name}")


def is_ours(cached: Any) -> bool:
    return str(cached.__module__).startswith("chatsnapshot")


def takes_arguments(cached: Any) -> bool:
    return bool(cached.__wrapped__.__code__.co_argcount)

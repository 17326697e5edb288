"""What a supervised process is: its command, how its readiness shows, how long it may take to stop."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from chatsnapshot.embedded.endpoints import ClickHouseEndpoint, HttpEndpoint, KafkaEndpoint
from chatsnapshot.embedded.port_claims import PortClaims
from chatsnapshot.embedded.process import Command

READY_WITHIN_S = 120.0
"""A broker that replays its log after a kill is the slowest; then the start goes on, or fails, with a clear line."""
WORKER_ANSWERS_WITHIN_S = 300.0
"""From its start: it imports and opens its port first, seconds on a busy machine."""
STORE_PATIENCE = 5
"""Starting a store anew ends everybody's work in it: it may be silent five times as long as a worker."""


@dataclass(frozen=True)
class Role:
    """One process of the stack. `is_ready` and `is_alive` answer within about two seconds, and do not raise."""

    name: str
    command: Command
    is_ready: Callable[[], bool]
    stop_within_s: float
    port: int | None = None
    ready_within_s: float = READY_WITHIN_S
    is_alive: Callable[[], bool] | None = None
    """Whether it answers at all, also while it waits for others; None: nobody asks."""
    patience: int = 1
    """How many times longer than others it may be silent before it is started anew."""
    first_answer_within_s: float = math.inf
    """From its start; before that its silence does not count. Infinite: not before its first answer."""


@dataclass(frozen=True)
class Addresses:
    """Where clients find the parts."""

    kafka: KafkaEndpoint
    clickhouse: ClickHouseEndpoint
    http: HttpEndpoint


@dataclass(frozen=True)
class StackPlan:
    """Everything the supervisor needs to know, in start order; it stops in the reverse order.

    Without every one of `backends` nothing else can run; `setup` runs once between them and `workers`.
    """

    backends: tuple[Role, ...]
    setup: Role | None
    workers: tuple[Role, ...]
    addresses: Addresses
    claims: PortClaims | None = None
    """Kept for the supervisor's life: other stacks leave these ports alone."""

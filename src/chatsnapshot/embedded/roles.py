"""What a supervised process is: its command, how its readiness shows, how long it may take to stop."""

from collections.abc import Callable
from dataclasses import dataclass

from chatsnapshot.embedded.endpoints import ClickHouseEndpoint, HttpEndpoint, KafkaEndpoint
from chatsnapshot.embedded.port_claims import PortClaims
from chatsnapshot.embedded.process import Command

READY_WITHIN_S = 120.0
"""A broker that replays its log after a kill is the slowest; then the start goes on, or fails, with a clear line."""


@dataclass(frozen=True)
class Role:
    """One process of the stack. `is_ready` answers within about two seconds, and does not raise."""

    name: str
    command: Command
    is_ready: Callable[[], bool]
    stop_within_s: float
    port: int | None = None
    ready_within_s: float = READY_WITHIN_S


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

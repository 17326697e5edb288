"""A small ledger built by hand, record by record."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from chatsnapshot.verification.chain_check import PartitionCheck
from chatsnapshot.verification.findings import Finding
from chatsnapshot_schemas.chain import genesis_hash
from chatsnapshot_schemas.codec import encode_envelope, encode_ledger
from tests.unit.schemas.strategies import some_envelope


def event_id(number: int) -> str:
    return str(uuid.UUID(int=number))


@dataclass
class LedgerOf:
    """Records of one run, `add`ed in order; `head` overrides fields of the record."""

    bodies: list[bytes] = field(default_factory=list)
    last: bytes = genesis_hash("default", "run-1")

    def add(self, number: int, head: dict[str, Any] | None = None, **envelope: Any) -> "LedgerOf":
        own = {
            "prev_hash": self.last,
            "sequence_no": len(self.bodies) + 1,
            "recorded_at": 0,
            "input_epoch": 1,
            "input_partition": 0,
            "input_offset": len(self.bodies),
            "gap_before": 0,
            "late": False,
            "cause": "linked" if envelope.get("causation_id") else "root",
            **(head or {}),
        }
        values = {"source_seq": len(self.bodies), **envelope}
        self.last, body = encode_ledger(own, encode_envelope(some_envelope(event_id=event_id(number), **values)))
        self.bodies.append(body)
        return self

    def findings(self) -> list[Finding]:
        check = PartitionCheck(partition=0, partitions=1)
        found = [finding for body in self.bodies for finding in check.feed(body)]
        return found + [finding for run in check.runs.values() for finding in run.finish()]

    def kinds(self) -> list[str]:
        return [str(finding.kind) for finding in self.findings()]

"""Did a contender do the job? Every chain dense from 1, linked by hashes, causes before effects, every event once."""

from collections.abc import Iterable

from benchmarks.failing import BenchmarkFailed
from chatsnapshot_schemas.chain import genesis_hash, is_intact
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.framing import Framing


def check_ledger(values: Iterable[bytes], who: str) -> int:
    """How many records there are. Raises BenchmarkFailed naming what is wrong."""
    framing = Framing()
    heads: dict[tuple[str, str], tuple[int, bytes]] = {}
    ids: set[tuple[str, str]] = set()
    for value in values:
        body = framing.ledger_body(value)
        record = decode_ledger_plain(body)
        envelope = record["envelope"]
        run = (envelope["tenant_id"], envelope["correlation_id"])
        number, previous = heads.get(run, (0, genesis_hash(*run)))
        where = f"{who}: {run[1]} number {record['sequence_no']}"
        _require(is_intact(body), f"{where}: its hash does not fit its bytes")
        _require(record["sequence_no"] == number + 1, f"{where} follows {number}")
        _require(record["prev_hash"] == previous, f"{where}: the chain is broken")
        _require((run[1], envelope["event_id"]) not in ids, f"{where}: {envelope['event_id']} is there twice")
        cause = envelope["causation_id"]
        known = cause is None or (run[1], cause) in ids
        _require(record["cause"] == ("root" if cause is None else "linked") and known, f"{where}: cause not checked")
        ids.add((run[1], envelope["event_id"]))
        heads[run] = (record["sequence_no"], record["hash"])
    return len(ids)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BenchmarkFailed(otherwise)

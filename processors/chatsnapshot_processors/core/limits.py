"""Which held event must go because too much is held."""

from chatsnapshot_processors.core.held import HeldEvents, Waiting
from chatsnapshot_processors.core.held_shares import Share
from chatsnapshot_processors.core.policy import SequencingPolicy


def over_limit(held: HeldEvents, correlation: bytes, policy: SequencingPolicy) -> Waiting | None:
    """The oldest of `correlation` (which just held one more) if that one is over its limit, else the oldest of the
    correlation that holds most bytes if the partition is over; of equal ones the correlation whose oldest came
    first."""
    share = held.share_of(correlation)
    if share is None or not _is_over_its_limit(share, policy):
        share = held.heaviest_share() if _is_partition_over(held, policy) else None
    return None if share is None else held.at(share.oldest)


def _is_over_its_limit(share: Share, policy: SequencingPolicy) -> bool:
    return len(share.positions) > policy.held_events_per_correlation or share.bytes > policy.held_bytes_per_correlation


def _is_partition_over(held: HeldEvents, policy: SequencingPolicy) -> bool:
    return held.count > policy.held_events_per_partition or held.size_bytes > policy.held_bytes_per_partition

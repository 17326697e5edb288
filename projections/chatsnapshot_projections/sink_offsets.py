"""What the sink writes beside its committed offset: the ranges that are being inserted.

A batch is announced before it is inserted: in each of its partitions, offset `first` with the metadata
`{"v":1,"topic":"<id>","pending":[first,last]}`, and `"v":2,...,"with":[[partition,first,last],...]` when other
partitions share the insert. When it is in, offset `last + 1` is committed with empty metadata. Whoever finds an
announcement reads exactly those records of exactly those partitions again and inserts them under the same token, before
anything else. Offsets of one announcement are one commit, which the broker keeps whole or not at all.
"""

import json
from dataclasses import dataclass

from chatsnapshot_schemas.errors import TopicMismatch

ALONE = 1
JOINED = 2
"""Versions of the metadata: a batch of one partition is announced as it always was."""
SPANS_MAX = 64
"""Partitions in one batch: 63 others of at most 45 characters stay below Kafka's 4,096 bytes of metadata."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Offsets of the first and the last record of one partition in a batch; there may be holes between them."""

    partition: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """A batch that is being inserted: its spans in the order of their partitions."""

    topic_id: str
    spans: tuple[Span, ...]

    def to_metadata(self, partition: int) -> str:
        """The metadata of one partition's commit."""
        (own,) = (span for span in self.spans if span.partition == partition)
        others = [[span.partition, span.first, span.last] for span in self.spans if span is not own]
        fields = {"v": JOINED if others else ALONE, "topic": self.topic_id, "pending": [own.first, own.last]}
        return json.dumps(fields | ({"with": others} if others else {}), separators=(",", ":"))


def announcement(metadata: str | None, topic_id: str, partition: int) -> Announcement | None:
    """What a commit of that partition announces; None when nothing is pending.

    Raises TopicMismatch when it was written for another topic of this name, or by a version that is not known.
    """
    if not metadata:
        return None
    try:
        fields = json.loads(metadata)
        version, written_for = fields["v"], fields["topic"]
        spans = [Span(partition, *map(int, fields["pending"]))]
        spans += [Span(*map(int, other)) for other in fields.get("with", ())]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TopicMismatch(f"the committed offset carries {metadata!r}, which is not the sink's") from error
    if version not in (ALONE, JOINED):
        raise TopicMismatch(f"the committed offset was written by a later version ({metadata!r})")
    if written_for != topic_id:
        raise TopicMismatch(f"records {spans[0].first}-{spans[0].last} are pending of another topic ({written_for})")
    return Announcement(topic_id, tuple(sorted(spans)))

"""What the sink writes beside its committed offset: the range that is being inserted.

A batch is announced before it is inserted: offset `first`, metadata `{"v":1,"topic":"<id>","pending":[first,last]}`.
When it is in, offset `last + 1` is committed with empty metadata. Whoever finds a range reads exactly those records
again and inserts them under the same token, before anything else.
"""

import json
from dataclasses import dataclass

from chatsnapshot_schemas.errors import TopicMismatch

VERSION = 1


@dataclass(frozen=True, slots=True)
class PendingRange:
    """Offsets of the first and the last record of an announced batch; there may be holes between them."""

    topic_id: str
    first: int
    last: int

    def to_metadata(self) -> str:
        """The commit's metadata."""
        fields = {"v": VERSION, "topic": self.topic_id, "pending": [self.first, self.last]}
        return json.dumps(fields, separators=(",", ":"))


def pending_range(metadata: str | None, topic_id: str) -> PendingRange | None:
    """The range that a commit announces; None when nothing is pending.

    Raises TopicMismatch when it was written for another topic of this name, or by a version that is not known.
    """
    if not metadata:
        return None
    try:
        fields = json.loads(metadata)
        version, pending = fields["v"], PendingRange(fields["topic"], *map(int, fields["pending"]))
    except (ValueError, TypeError, KeyError) as error:
        raise TopicMismatch(f"the committed offset carries {metadata!r}, which is not the sink's") from error
    if version != VERSION:
        raise TopicMismatch(f"the committed offset was written by a later version ({metadata!r})")
    if pending.topic_id != topic_id:
        raise TopicMismatch(f"records {pending.first}-{pending.last} are pending of another topic ({pending.topic_id})")
    return pending

"""Every head of a partition as it was at one ledger offset, whatever the lane applies meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

from chatsnapshot_processors import rocks_keys as keys
from chatsnapshot_processors.touched_buckets import Touched


class HeadSnapshot:
    """A RocksDB snapshot. Used by one thread; hold it no longer than needed, it keeps old values on the disk.

    Its methods raise what `translated` makes of rocksdict's bare exceptions.
    """

    def __init__(
        self, snapshot: Any, mark: keys.LedgerMark, touched: Touched, translated: Callable[[Exception], Exception]
    ) -> None:
        from rocksdict import ReadOptions

        self._translated = translated
        self._entries: Any = snapshot.iter(ReadOptions())
        self.mark = mark
        """Up to where the ledger is applied."""
        self.touched = touched
        """What differs from the tree that is stored."""

    def close(self) -> None:
        """Let go of the store, which stays locked as long as this is open. It is not read again."""
        self._entries = None

    def heads(self, bucket: int) -> Iterator[tuple[bytes, int, bytes]]:
        """Key, number of records and last hash of each run of a bucket, sorted by key."""
        prefix = keys.bucket_key(bucket)
        for key, value in self._with_prefix(prefix):
            head = keys.decode_head(value)
            yield key[len(prefix) :], head.sequence_no, head.hash

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """The pages of the tree that are stored, by number."""
        for key, value in self._with_prefix(keys.PAGE):
            yield key[-1], value

    def _with_prefix(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        # no other name for it: what a frame of an exception still names would keep the store locked after `close`
        self._entries.seek(prefix)
        while self._entries.valid():
            key: bytes = self._entries.key()
            if not key.startswith(prefix):
                return
            yield key, self._entries.value()
            self._entries.next()
        try:
            self._entries.status()  # a broken store ends early: without this, heads would be missing from the tree
        except Exception as error:
            raise self._translated(error) from error

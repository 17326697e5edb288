"""The ledger's part of the state, cached in RocksDB: one store per partition, private to the process.

A cache and nothing more: every value follows from the ledger topic. Changes and the mark go in as one write, after
the transaction that they belong to was committed. The write-ahead log is kept but not synced: what a power loss takes
is read from the ledger again.
"""

import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatsnapshot_processors import rocks_keys as keys
from chatsnapshot_processors.core.recorded_state import Changes, Head, KnownEvent, SourceNumbers
from chatsnapshot_processors.head_snapshot import HeadSnapshot
from chatsnapshot_processors.restored_chunk import RestoredChunk
from chatsnapshot_processors.touched_buckets import Touched, TouchedBuckets
from chatsnapshot_schemas.errors import AlreadyRunning, ChatSnapshotError, DiskFull, MissingExtra

RECENT_MAX = 20_000
"""Heads, and as many instances' numbers, kept as objects: what a lane works on now, about 10 MB."""
RECENT_BATCHES_MAX = 4
"""Events of so many batches are kept as objects, at most 8 MB: most causes were recorded a moment ago."""
_MEMTABLE_BLOOM_RATIO = 0.05
"""Of the write buffer: an id that is not there is mostly not searched for."""
_BLOCK_CACHE_BYTES = 16 * 1024 * 1024
_WRITE_BUFFER_BYTES = 16 * 1024 * 1024
_OPEN_FILES_MAX = 256
"""Per store: a worker may own many partitions, and processes have few file handles by default."""
_BLOOM_BITS = 10
"""Most look-ups are for ids that are not there; 10 bits a key answer 99 % of them without reading."""


class CacheBroken(ChatSnapshotError):
    """RocksDB failed: the store is to be discarded and rebuilt from the ledger."""

    code = "cache_broken"


class RocksState:
    """`RecordedState` over one RocksDB folder. Used by one thread. Its methods raise CacheBroken, DiskFull."""

    def __init__(self, folder: Path, owner: keys.CacheOwner) -> None:
        self._folder = folder
        self._owner = owner
        self._db = _open(folder)
        self._unusable = False
        self._heads: dict[bytes, Head | None] = {}
        self._numbers: dict[tuple[bytes, str], SourceNumbers | None] = {}
        self._recent: deque[dict[tuple[bytes, str], KnownEvent]] = deque(maxlen=RECENT_BATCHES_MAX)
        """Newest first."""
        self._touched = TouchedBuckets()
        self._snapshot: HeadSnapshot | None = None
        self.mark: keys.LedgerMark | None = None
        try:
            self._load()
        except BaseException:
            self.close()  # whoever handles the error still refers to this object, and opens the folder again
            raise

    def _load(self) -> None:
        self.mark = self._read_mark()
        if self.mark is not None:
            self._touched = TouchedBuckets(page for page in range(256) if self._get(keys.touched_key(page)) is not None)

    def head(self, correlation: bytes) -> Head | None:
        """Last record of the correlation."""
        if correlation in self._heads:
            return self._heads[correlation]
        value = self._get(keys.head_key(correlation))
        head = None if value is None else keys.decode_head(value)
        _remember(self._heads, correlation, head)
        return head

    def known(self, correlation: bytes, event_id: str) -> KnownEvent | None:
        """The recorded event of that id."""
        if self.head(correlation) is None:
            return None
        event = (correlation, event_id)
        for batch in self._recent:
            if event in batch:
                return batch[event]
        value = self._get(keys.known_key(correlation, event_id))
        return None if value is None else keys.decode_known(value)

    def numbers(self, correlation: bytes, instance: str) -> SourceNumbers | None:
        """The instance's numbers."""
        whose = (correlation, instance)
        if whose in self._numbers:
            return self._numbers[whose]
        value = self._get(keys.numbers_key(correlation, instance))
        numbers = None if value is None else keys.decode_numbers(value)
        _remember(self._numbers, whose, numbers)
        return numbers

    def apply(self, changes: Changes, mark: keys.LedgerMark) -> None:
        """Write what the ledger says up to `mark`, with the mark, in one write."""
        from rocksdict import WriteBatch

        batch = WriteBatch(raw_mode=True)
        for (correlation, event_id), known in changes.known.items():
            batch.put(keys.known_key(correlation, event_id), keys.encode_known(known))
        self._write_heads(batch, changes.heads, changes.numbers, mark)
        self._recent.appendleft(changes.known)

    def apply_restored(self, chunk: RestoredChunk, mark: keys.LedgerMark) -> None:
        """As `apply`, for records that were read back. Sorted keys go in quicker: neighbours are in the cache."""
        from rocksdict import WriteBatch

        batch = WriteBatch(raw_mode=True)
        put = batch.put
        for key, value in sorted(chunk.known):
            put(key, value)
        self._write_heads(batch, chunk.heads, chunk.numbers, mark)

    def _write_heads(
        self,
        batch: Any,
        heads: Mapping[bytes, Head],
        numbers: Mapping[tuple[bytes, str], SourceNumbers],
        mark: keys.LedgerMark,
    ) -> None:
        for correlation, head in heads.items():
            key = keys.head_key(correlation)
            batch.put(key, keys.encode_head(head))
            if self._touched.note(bucket := keys.bucket_in(key)):
                batch.put(keys.touched_key(bucket[0]), b"")
            _remember(self._heads, correlation, head)
        for whose, value in numbers.items():
            batch.put(keys.numbers_key(*whose), keys.encode_numbers(value))
            _remember(self._numbers, whose, value)
        batch.put(keys.MARK_KEY, keys.StoredMark(self._owner, mark).to_json())
        self._write(batch)
        self.mark = mark

    def snapshot(self) -> HeadSnapshot:
        """The heads as they are now, for the Merkle tree, until the next or `store_tree`. There must be a mark."""
        assert self.mark is not None
        self._close_snapshot()
        self._snapshot = HeadSnapshot(self._db.snapshot(), self.mark, self._touched.take(), self._broken)
        return self._snapshot

    def store_tree(self, pages: dict[int, bytes], touched: Touched) -> None:
        """Keep pages of the Merkle tree that hold what was touched."""
        from rocksdict import WriteBatch

        batch = WriteBatch(raw_mode=True)
        for page, value in pages.items():
            batch.put(keys.page_key(page), value)
        for page in self._touched.settled(touched):
            batch.delete(keys.touched_key(page))
        self._write(batch)
        self._close_snapshot()

    def discard(self) -> None:
        """Forget everything and begin with an empty store."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._heads.clear()
        self._numbers.clear()
        self._recent.clear()
        self._touched = TouchedBuckets()
        self._db = _open(self._folder)
        self.mark = None

    def close(self) -> None:
        """Release the folder; a broken store is removed."""
        self._close_snapshot()
        self._db.close()
        if self._unusable:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _close_snapshot(self) -> None:
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None

    def _write(self, batch: Any) -> None:
        try:
            self._db.write(batch)
        except Exception as error:  # rocksdict raises bare Exception
            raise self._broken(error) from error

    def _get(self, key: bytes) -> bytes | None:
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._broken(error) from error
        return value

    def _broken(self, error: Exception) -> ChatSnapshotError:
        from rocksdict import DbClosedError

        translated = _translated(error, self._folder)
        # a closed store is the caller's mistake, and by now the folder may be another lane's
        self._unusable = isinstance(translated, CacheBroken) and not isinstance(error, DbClosedError)
        return translated

    def _read_mark(self) -> keys.LedgerMark | None:
        """The mark; a store of another owner, layout or with an unreadable mark is emptied."""
        value = self._get(keys.MARK_KEY)
        if value is None:
            return None
        try:
            stored = keys.StoredMark.from_json(value)
        except (ValueError, KeyError, TypeError):
            stored = None
        if stored is not None and stored.owner == self._owner:
            return stored.mark
        self.discard()
        return None


def open_cache(folder: Path, owner: keys.CacheOwner) -> tuple[RocksState, str]:
    """The cache and, when it had to be emptied because it was broken, why; else an empty text."""
    try:
        return RocksState(folder, owner), ""
    except CacheBroken as error:
        shutil.rmtree(folder, ignore_errors=True)
        return RocksState(folder, owner), str(error)


def _remember(recent: dict[Any, Any], key: Any, value: Any) -> None:
    recent.pop(key, None)
    if len(recent) >= RECENT_MAX:
        del recent[next(iter(recent))]
    recent[key] = value


def _open(folder: Path) -> Any:
    try:
        from rocksdict import Rdict
    except ImportError:
        raise MissingExtra("processors", "the sequencer") from None
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Rdict(str(folder), options=_options())
    except Exception as error:
        raise _translated(error, folder) from error


def _options() -> Any:
    from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options

    table = BlockBasedOptions()
    table.set_block_cache(Cache(_BLOCK_CACHE_BYTES))
    table.set_bloom_filter(_BLOOM_BITS, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
    options.set_memtable_prefix_bloom_ratio(_MEMTABLE_BLOOM_RATIO)
    options.set_memtable_whole_key_filtering(True)
    options.set_max_open_files(_OPEN_FILES_MAX)
    options.set_keep_log_file_num(2)
    return options


def _translated(error: Exception, folder: Path) -> ChatSnapshotError:
    if "No space left" in str(error):
        return DiskFull(f"no room on the disk of {folder}: {error}")
    if "lock hold" in str(error) or "/LOCK" in str(error):
        return AlreadyRunning(f"another process or lane holds {folder}: {error}")
    return CacheBroken(f"{folder}: {error}")

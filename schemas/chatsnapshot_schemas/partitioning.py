"""Keys and partitions: every client must agree, or a correlation splits over partitions."""

PARTITIONER = "murmur2_random"
"""librdkafka's name for the Java client's default; its own default agrees with Java on 1 key in 10."""

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_SEED = 0x9747B28C


def message_key(tenant_id: str, correlation_id: str) -> bytes:
    """The key of every message of a correlation: UTF-8 `tenant_id/correlation_id`."""
    return f"{tenant_id}/{correlation_id}".encode()


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: (murmur2 & 0x7fffffff) mod partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bit, with the seed that Kafka's Java client uses; unsigned."""
    h = (_SEED ^ len(data)) & _MASK
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = (int.from_bytes(data[at : at + 4], "little") * _M) & _MASK
        k ^= k >> 24
        h = ((h * _M) & _MASK) ^ ((k * _M) & _MASK)
    if tail := data[whole:]:
        h = ((h ^ int.from_bytes(tail, "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)

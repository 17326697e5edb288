"""An Avro object container around bodies that are encoded already: no record is looked into.

Container (Avro specification, "Object Container Files"): magic, metadata map with the schema, 16-byte sync marker; then
blocks of (number of records, bytes of records, the records, sync marker). One block is enough for any insert.
"""

MAGIC = b"Obj\x01"
SYNC = b"chatsnapshot/sw1"
"""Between blocks. Fixed, because an insert that is repeated must be the same bytes; readers go by sizes."""


def container_header(schema: str) -> bytes:
    """Everything before the first block; `schema` is the writer's schema as JSON text."""
    metadata = {"avro.codec": b"null", "avro.schema": schema.encode()}
    pairs = b"".join(_counted(name.encode()) + _counted(value) for name, value in metadata.items())
    return MAGIC + avro_long(len(metadata)) + pairs + avro_long(0) + SYNC


def container(prefix: bytes, header: bytes, records: int, bodies: bytes | bytearray) -> bytes:
    """`prefix` (an INSERT statement or nothing), header, and one block of `records` bodies, copied once."""
    return b"".join((prefix, header, avro_long(records), avro_long(len(bodies)), bodies, SYNC))


def avro_long(number: int) -> bytes:
    """Avro's variable-length integer: zigzag, seven bits a byte, lowest first."""
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest & ~0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _counted(data: bytes) -> bytes:
    return avro_long(len(data)) + data

"""An Avro object container around bodies that are encoded already: no record is looked into.

Container (Avro specification, "Object Container Files"): magic, metadata map with the schema, 16-byte sync marker; then
blocks of (number of records, bytes of records, the records, sync marker). One block is enough for any insert.
"""

from chatsnapshot_schemas.avro_long import encode_long

MAGIC = b"Obj\x01"
SYNC = b"chatsnapshot/sw1"
"""Between blocks. Fixed, because an insert that is repeated must be the same bytes; readers go by sizes."""


def container_header(schema: str) -> bytes:
    """Everything before the first block; `schema` is the writer's schema as JSON text."""
    metadata = {"avro.codec": b"null", "avro.schema": schema.encode()}
    pairs = b"".join(_counted(name.encode()) + _counted(value) for name, value in metadata.items())
    return MAGIC + encode_long(len(metadata)) + pairs + encode_long(0) + SYNC


def container(prefix: bytes, header: bytes, records: int, bodies: bytes | bytearray) -> bytes:
    """`prefix` (an INSERT statement or nothing), header, and one block of `records` bodies, copied once."""
    return b"".join((prefix, header, encode_long(records), encode_long(len(bodies)), bodies, SYNC))


def _counted(data: bytes) -> bytes:
    return encode_long(len(data)) + data

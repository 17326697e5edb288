"""Avro bodies of envelopes and ledger records, without framing.

Envelope bytes are spliced into the ledger record verbatim, so they must mean the same to every reader: only the
canonical encoding is accepted. That refuses what lenient decoders let through: negative enum positions, overlong
integers, repeated map keys, bytes left over.
"""

from io import BytesIO

from fastavro import schemaless_reader, schemaless_writer

from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.canonical_envelope import read_envelope
from chatsnapshot_schemas.chain import record_hash
from chatsnapshot_schemas.envelope import EventEnvelope, moment
from chatsnapshot_schemas.envelope_writer import write_envelope
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.ledger_head import write_head
from chatsnapshot_schemas.ledger_record import LedgerRecord
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import Plain

_ENVELOPE = envelope_schema().parsed
_LEDGER = ledger_schema().parsed


def encode_envelope(envelope: EventEnvelope) -> bytes:
    """The Avro body of an envelope."""
    return write_envelope(envelope)


def encode_plain(plain: Plain) -> bytes:
    """The Avro body of an envelope's plain fields."""
    out = BytesIO()
    schemaless_writer(out, _ENVELOPE, plain)
    return out.getvalue()


def decode_plain(body: bytes) -> Plain:
    """An envelope's plain fields; rules are not checked. Raises InvalidEvent(undecodable)."""
    try:
        return read_envelope(body)
    except (ValueError, IndexError) as error:
        raise InvalidEvent("envelope", _undecodable(error), Reason.UNDECODABLE) from None


def decode_envelope(body: bytes) -> EventEnvelope:
    """An envelope that was checked when it was accepted."""
    return EventEnvelope.from_plain(decode_plain(body))


def encode_ledger(head: Plain, envelope_body: bytes) -> tuple[bytes, bytes]:
    """(hash, Avro body) of a ledger record from its fields between `hash` and `envelope`."""
    rest = write_head(head) + envelope_body
    digest = record_hash(rest)
    return digest, digest + rest


def decode_ledger_plain(body: bytes) -> Plain:
    """A ledger record's plain fields, `envelope` nested. Raises CorruptLedger."""
    stream = BytesIO(body)
    try:
        plain: Plain = schemaless_reader(stream, _LEDGER, None)
    except Exception as error:
        raise CorruptLedger(f"not a ledger record: {_undecodable(error)}") from None
    if stream.tell() != len(body):
        raise CorruptLedger(f"not a ledger record: {len(body) - stream.tell()} bytes left over")
    return plain


def decode_ledger(body: bytes) -> LedgerRecord:
    """A ledger record. Raises CorruptLedger."""
    return ledger_record(decode_ledger_plain(body))


def ledger_record(plain: Plain) -> LedgerRecord:
    """A ledger record from its plain fields."""
    return LedgerRecord(
        **{
            **plain,
            "recorded_at": moment(plain["recorded_at"]),
            "envelope": EventEnvelope.from_plain(plain["envelope"]),
        }
    )


def _undecodable(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

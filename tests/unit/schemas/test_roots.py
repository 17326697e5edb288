"""A root has one form, and a signature that covers all of it."""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest

from chatsnapshot_schemas.errors import CorruptLedger
from chatsnapshot_schemas.roots import NO_PREVIOUS, MerkleRoot, decode_root
from chatsnapshot_schemas.signing_key import SigningKey

ROOT = MerkleRoot(
    number=1,
    previous=NO_PREVIOUS,
    cluster_id="cluster",
    ledger_topic="chatsnapshot.ledger",
    ledger_topic_id="topic",
    partition=3,
    partitions=8,
    ledger_offset=41,
    correlations=7,
    records=40,
    root="ab" * 32,
    recorded_at=1_700_000_000_000_000,
    made_at=1_700_000_060_000_000,
    public_key="",
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("key") / "key.pem")


def test_a_root_comes_back_as_it_was(key: SigningKey) -> None:
    signed = ROOT.signed_by(key)
    for root in (ROOT, signed):
        assert decode_root(root.value) == root
        assert root.digest == sha256(root.value).hexdigest()
        assert b"\n" not in root.value
    assert signed.signature_holds()
    assert not ROOT.signature_holds()


def test_the_signature_covers_every_field(key: SigningKey, tmp_path: Path) -> None:
    signed = ROOT.signed_by(key)
    other = SigningKey.make(tmp_path / "other.pem")
    changes = {
        name: value + 1 if isinstance(value, int) else (value + "x" if len(value) != 64 else "cd" * 32)
        for name, value in asdict(signed).items()
        if name not in ("signature", "public_key", "format")
    }
    for name, value in changes.items():
        assert not replace(signed, **{name: value}).signature_holds(), name
    assert not replace(signed, public_key=other.public.hex()).signature_holds()
    assert not replace(signed, signature="00" * 64).signature_holds()
    assert key.sign(signed.value).hex() != signed.signature, "what is signed begins with the purpose"


def test_only_the_one_form_is_taken(key: SigningKey) -> None:
    value = ROOT.signed_by(key).value
    plain = json.loads(value)
    wrong = [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff",
        value + b" ",
        value[:-1],
        json.dumps(plain).encode(),
        json.dumps(dict(sorted(plain.items())), separators=(",", ":")).encode(),
        changed(plain, format=2),
        changed(plain, number="1"),
        changed(plain, number=1.0),
        changed(plain, number=True),
        changed(plain, root="AB" * 32),
        changed(plain, root="ab" * 31),
        changed(plain, previous=""),
        changed(plain, signature=""),
        changed(plain, public_key=""),
        changed(plain, more=1),
        value.replace(b'"number":1', b'"number":1,"number":1'),
        b"[" * 8_000,
        b"x" * 10_000,
    ]
    for each in wrong:
        with pytest.raises(CorruptLedger, match="root"):
            decode_root(each)


def changed(plain: dict[str, object], **fields: object) -> bytes:
    return json.dumps({**plain, **fields}, separators=(",", ":")).encode()

"""Key files: private ones for their owner only, never replaced, and a clear word for what is none."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.signing_key import SigningKey, is_signed, key_id, load_public_key, public_key_pem


def test_a_key_is_made_once_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "key.pem"
    made = SigningKey.make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["key.pem"]
    assert SigningKey.load(path).public == made.public
    content = path.read_bytes()
    with pytest.raises(ConfigurationError, match="never replaced"):
        SigningKey.make(path)
    assert path.read_bytes() == content


def test_what_is_signed_is_known_by_the_public_key_alone(tmp_path: Path) -> None:
    key = SigningKey.make(tmp_path / "key.pem")
    public = tmp_path / "public.pem"
    public.write_text(public_key_pem(key.public))
    assert load_public_key(public) == load_public_key(tmp_path / "key.pem") == key.public
    signature = key.sign(b"message")
    assert is_signed(key.public, signature, b"message")
    assert not is_signed(key.public, signature, b"another")
    assert not is_signed(bytes(32), signature, b"message")
    assert not is_signed(b"short", signature, b"message")
    assert not is_signed(key.public, b"", b"message")
    assert (len(key_id(key.public)), key_id(b"")) == (16, "")
    assert "PRIVATE" not in repr(key)


def test_what_is_no_such_key_is_told(tmp_path: Path) -> None:
    other = rsa.generate_private_key(65537, 2048)
    pem = serialization.Encoding.PEM
    private = other.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = other.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = SigningKey.make(tmp_path / "own.pem")._private
    locked = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    path = tmp_path / "key.pem"
    for content in (b"", b"text", private, public, locked, b"x" * 100_000):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=str(path)):
            SigningKey.load(path)
    for content in (b"", b"text", private, public, b"x" * 100_000):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=str(path)):
            load_public_key(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        SigningKey.load(tmp_path / "nothing")


def test_without_the_extra_it_is_named() -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from pathlib import Path\n"
        "from chatsnapshot_schemas.errors import MissingExtra\n"
        "from chatsnapshot_schemas.signing_key import SigningKey\n"
        "try: SigningKey.load(Path('x'))\n"
        "except MissingExtra as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "chatsnapshot[evidence]" in said

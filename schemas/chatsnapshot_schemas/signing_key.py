"""The Ed25519 key that roots are signed with: PEM files, one for the signer, one for everybody."""

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatsnapshot_schemas.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PUBLIC_KEY_BYTES = 32
KEY_FILE_BYTES_MAX = 64 * 1024
"""A key takes some hundred bytes: a larger file is another one, named by mistake."""
OWNER_ONLY = 0o600
_SHOWN_DIGITS = 16


class SigningKey:
    """A private key in memory. It is never printed, pickled or compared."""

    def __init__(self, private: "Ed25519PrivateKey") -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes_raw()
        """The public key, 32 bytes."""

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """From a PEM file (PKCS#8, not encrypted). Raises ConfigurationError, MissingExtra."""
        primitives = _primitives()
        try:
            private = primitives.serialization.load_pem_private_key(_content(path), password=None)
        except (ValueError, TypeError, primitives.unsupported) as error:
            raise ConfigurationError(f"{path} is no private key in PEM without a password: {error}") from None
        if not isinstance(private, primitives.private_key):
            raise ConfigurationError(f"{path} holds another kind of key than Ed25519")
        return cls(private)

    @classmethod
    def make(cls, path: Path) -> "SigningKey":
        """A new key, written to a new file that only its owner may read. Raises ConfigurationError, MissingExtra."""
        primitives = _primitives()
        forms = primitives.serialization
        private = primitives.private_key.generate()
        text = private.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
        _write_new(path, text)
        return cls(private)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._private.sign(message)


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature is that key's of this message. Raises MissingExtra."""
    primitives = _primitives()
    try:
        primitives.public_key.from_public_bytes(public_key).verify(signature, message)
    except (ValueError, primitives.invalid_signature):
        return False
    return True


def load_public_key(path: Path) -> bytes:
    """The 32 bytes of a public key in PEM, or of a private key's file. Raises ConfigurationError, MissingExtra."""
    content = _content(path)
    if b"PRIVATE KEY" in content:
        return SigningKey.load(path).public
    primitives = _primitives()
    try:
        public = primitives.serialization.load_pem_public_key(content)
    except (ValueError, primitives.unsupported) as error:
        raise ConfigurationError(f"{path} is no public key in PEM: {error}") from None
    if not isinstance(public, primitives.public_key):
        raise ConfigurationError(f"{path} holds another kind of key than Ed25519")
    raw: bytes = public.public_bytes_raw()
    return raw


def public_key_pem(public_key: bytes) -> str:
    """A public key as PEM (SubjectPublicKeyInfo). Raises ValueError for no such key."""
    primitives = _primitives()
    forms = primitives.serialization
    public = primitives.public_key.from_public_bytes(public_key)
    text: bytes = public.public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


def key_id(public_key: bytes) -> str:
    """What people tell a key by: the beginning of its SHA-256; of no key an empty text."""
    return sha256(public_key).hexdigest()[:_SHOWN_DIGITS] if public_key else ""


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(KEY_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be read: {error.strerror}") from None
    if len(content) > KEY_FILE_BYTES_MAX:
        raise ConfigurationError(f"{path} is larger than {KEY_FILE_BYTES_MAX} bytes: not a key")
    return content


def _write_new(path: Path, text: bytes) -> None:
    """Whole or not at all, and never over a key that is there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already: a key is never replaced, give another name") from None
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


class _Primitives:
    """What is used of `cryptography`, imported when it is needed."""

    def __init__(self) -> None:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        self.serialization: Any = serialization
        self.private_key: Any = ed25519.Ed25519PrivateKey
        self.public_key: Any = ed25519.Ed25519PublicKey
        self.invalid_signature: type[Exception] = InvalidSignature
        self.unsupported: type[Exception] = UnsupportedAlgorithm


def _primitives() -> _Primitives:
    try:
        return _Primitives()
    except ImportError:
        raise MissingExtra("evidence", "signing roots and checking signatures") from None

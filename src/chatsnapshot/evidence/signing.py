"""Where the local stack keeps the key that its roots are signed with."""

from pathlib import Path

from chatsnapshot_schemas.errors import ChatSnapshotError, MissingExtra
from chatsnapshot_schemas.signing_key import SigningKey

KEY_FILE = "signing_key.pem"


def stack_key_file(data_dir: Path) -> Path:
    """In the data folder."""
    return data_dir / KEY_FILE


def ready_stack_key(data_dir: Path) -> Path | None:
    """The stack's key, made if it has none yet; None where `cryptography` is not installed: roots stay unsigned.

    Raises ConfigurationError.
    """
    path = stack_key_file(data_dir)
    try:
        if not path.exists():
            SigningKey.make(path)
    except MissingExtra:
        return None
    except ChatSnapshotError:
        if not path.exists():  # else another process was faster
            raise
    return path

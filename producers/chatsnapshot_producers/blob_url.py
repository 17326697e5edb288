"""The URL of a blob storage: what to open it with, and what may be shown and recorded of it."""

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.rules import URI_CHARS_MAX

BLOB_NAME_CHARS = 2 + 1 + 64
"""`ab/abcd...`: what stands behind the URL in a `payload_ref`."""
_NO_STORAGE = frozenset({"http", "https", "data"})
"""What fsspec only reads."""
_SECRET = re.compile("secret|key|token|pass|cred|sig", re.IGNORECASE).search
"""Names of options that are not for logs."""
_USES = "a folder, file:///folder, s3://bucket/prefix, or another storage that fsspec knows"


@dataclass(frozen=True, slots=True)
class BlobUrl:
    """A storage URL taken apart."""

    public: str
    """Without user, password, query and fragment, and without a slash at its end."""
    folder: Path | None = None
    """Set for a folder of this machine; then the rest is not needed."""
    address: str = field(default="", repr=False)
    """For fsspec: with user and password, without the query."""
    options: dict[str, str] = field(default_factory=dict, repr=False)
    """For fsspec: the query, `endpoint_url=...` for example."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ConfigurationError: a URL that cannot be used, or a driver that is not installed."""
        made = cls._of_folder(Path(url)) if "://" not in url else cls._of_url(url)
        if len(made.public) + 1 + BLOB_NAME_CHARS > URI_CHARS_MAX or not made.public.isprintable():
            raise ConfigurationError(f"CHATSNAPSHOT_BLOB_URL: up to {URI_CHARS_MAX - 100} printable characters")
        return made

    @classmethod
    def _of_url(cls, url: str) -> Self:
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ConfigurationError(f"CHATSNAPSHOT_BLOB_URL: {error}; what works: {_USES}") from None
        if parts.scheme in ("file", "local"):
            if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
                raise ConfigurationError(f"CHATSNAPSHOT_BLOB_URL: file:///folder, not {url!r}")
            return cls._of_folder(Path(unquote(parts.path)))
        check_driver(parts.scheme)
        place = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
        if not place:
            raise ConfigurationError(f"CHATSNAPSHOT_BLOB_URL: {parts.scheme}://bucket/prefix is needed")
        return cls(
            public=f"{parts.scheme}://{place}",
            address=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}",
            options=dict(parse_qsl(parts.query)),
        )

    @classmethod
    def _of_folder(cls, path: Path) -> Self:
        folder = path.expanduser().absolute()
        return cls(public=folder.as_uri().rstrip("/"), folder=folder)

    def without_secrets(self, message: str) -> str:
        """An error's text of a driver, which may have quoted what it was given."""
        secrets = [value for name, value in self.options.items() if _SECRET(name)]
        for secret in filter(None, (urlsplit(self.address).password, *secrets)):
            message = message.replace(secret, "***")
        return message


def check_driver(scheme: str) -> None:
    """Raise ConfigurationError unless fsspec has a driver for the scheme and its package is installed.

    Only looks whether the package is there: importing one may take a second.
    """
    from fsspec.registry import get_filesystem_class, known_implementations, registry

    known = known_implementations.get(scheme)
    if scheme in _NO_STORAGE or (known is None and scheme not in registry):
        raise ConfigurationError(f"CHATSNAPSHOT_BLOB_URL: {scheme}:// is no blob storage; what works: {_USES}")
    package = known["class"].split(".")[0] if known else "fsspec"
    try:
        if package == "fsspec":  # a driver of its own, which may need another package
            get_filesystem_class(scheme)
            return
    except ImportError as error:
        hint = str(error)
    else:
        if find_spec(package) is not None:
            return
        hint = f"pip install {package}"
    raise ConfigurationError(f"CHATSNAPSHOT_BLOB_URL: the driver of {scheme}:// is not installed: {hint}")

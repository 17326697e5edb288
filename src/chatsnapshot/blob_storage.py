"""Where payloads above the cap are kept, as the settings say."""

from dataclasses import replace

from chatsnapshot.settings import Settings
from chatsnapshot_producers.blobs import BlobStore, FsspecBlobStore
from chatsnapshot_producers.http_blobs import HttpBlobStore
from chatsnapshot_producers.transport import Destination

_HTTP = ("http://", "https://")


def blob_store(settings: Settings) -> BlobStore:
    """CHATSNAPSHOT_BLOB_URL, else `<data_dir>/blobs`; http(s):// is a server of ChatSnapshot. Nothing is contacted.

    Raises ConfigurationError: a URL that cannot be used, or a driver that is not installed.
    """
    url = settings.blob_url or str(settings.data_dir / "blobs")
    if url.lower().startswith(_HTTP):
        return HttpBlobStore(url, settings.api_key)
    return FsspecBlobStore(url, fsync=settings.spool_fsync)


def with_blobs(destination: Destination, url: str | None, settings: Settings, api_key: str | None) -> Destination:
    """A destination that knows where its large payloads go.

    `url`: what events are sent to. A producer that only has an HTTP address puts its blobs there, too, unless
    CHATSNAPSHOT_BLOB_URL says otherwise. Raises ConfigurationError.
    """
    if destination.blobs is not None:
        return destination
    if url is not None and url.lower().startswith(_HTTP) and settings.blob_url is None:
        return replace(destination, blobs=HttpBlobStore(url, api_key or settings.api_key))
    return replace(destination, blobs=blob_store(settings))

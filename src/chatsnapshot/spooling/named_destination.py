"""The destination whose name stands in a spool: a spool is only ever sent to the one it was written for."""

from pathlib import Path

from chatsnapshot.blob_storage import with_blobs
from chatsnapshot.destinations import destination_of
from chatsnapshot.settings import Settings
from chatsnapshot_producers.transport import Destination
from chatsnapshot_schemas.errors import ConfigurationError

_STACK = "stack:"
_KAFKA = "kafka://"
SERVICE = "spool-send"
"""Who connects, as brokers log it."""


def destination_named(name: str, settings: Settings) -> Destination:
    """With passwords, keys and registry of the settings. Raises ConfigurationError, StackNotRunning."""
    if not name:
        raise ConfigurationError("the spool does not say where its events go: its file `destination` cannot be read")
    url: str | None = name
    if name.startswith(_STACK):
        folder = Path(name.removeprefix(_STACK).rpartition("/")[0])
        settings, url = settings.model_copy(update={"data_dir": folder, "kafka_bootstrap_servers": None}), None
    elif name.startswith(_KAFKA):
        url = name.rpartition("/")[0]
    found = destination_of(url, settings.model_copy(update={"url": None}), SERVICE)
    if found.name != name:
        raise ConfigurationError(
            f"its events go to {name}, the settings lead to {found.name}; set CHATSNAPSHOT_TOPIC_PREFIX as it was"
        )
    return with_blobs(found, url, settings, None)

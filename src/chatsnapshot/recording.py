"""Recording, wired: `Recorder.connect` reads the settings and picks the transport."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Self

from chatsnapshot.blob_storage import with_blobs
from chatsnapshot.destinations import destination_of
from chatsnapshot.settings import Settings
from chatsnapshot_producers.causes import INHERIT
from chatsnapshot_producers.recorder import Recorder as UnwiredRecorder
from chatsnapshot_producers.run import Run
from chatsnapshot_producers.spool_limits import SpoolLimits, SpoolPolicy
from chatsnapshot_producers.status import RecorderStatus
from chatsnapshot_schemas.errors import ConfigurationError

__all__ = ["INHERIT", "Recorder", "RecorderStatus", "Run"]


class Recorder(UnwiredRecorder):
    """Records events; `connect` makes one."""

    @classmethod
    def connect(
        cls,
        url: str | None = None,
        *,
        service: str | None = None,
        tenant: str | None = None,
        api_key: str | None = None,
        spool_policy: SpoolPolicy | None = None,
    ) -> Self:
        """A Recorder for `url`, CHATSNAPSHOT_URL, CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS or the running local stack.

        Nothing is connected yet: a broker that is away costs nothing but room in the spool. What an earlier process
        left in the spool for the same destination is sent from now on. `service`: else CHATSNAPSHOT_SERVICE,
        OTEL_SERVICE_NAME, the script's name. `api_key`: of an http(s) URL, else CHATSNAPSHOT_API_KEY. Raises
        ConfigurationError, StackNotRunning.
        """
        settings = Settings()
        service = service or settings.service or script_name()
        recorder = cls(
            with_blobs(destination_of(url, settings, service, api_key), url or settings.url, settings, api_key),
            spool_limits(settings, spool_policy),
            service=service,
            tenant=tenant or settings.tenant,
            flush_at_exit_s=settings.flush_at_exit_s,
            report_every_s=settings.source_report_every_s,
        )
        recorder.adopt()
        return recorder


def script_name() -> str:
    """What this program is called: the script, the package behind `python -m`, else `python`."""
    script = Path(sys.argv[0]) if sys.argv and sys.argv[0] not in ("", "-", "-c", "-m") else Path("python")
    return (script.parent.name if script.stem == "__main__" else script.stem) or "python"


def spool_root(settings: Settings) -> Path:
    """The folder that holds the spools of all processes with these settings."""
    return settings.spool_dir or settings.data_dir / "spool"


def spool_limits(settings: Settings, policy: SpoolPolicy | None = None) -> SpoolLimits:
    """Where spools lie and what happens when one is full. Raises ConfigurationError."""
    limits = SpoolLimits(
        root=_writable(spool_root(settings)),
        bytes_max=settings.spool_bytes_max,
        policy=settings.spool_policy,
        block_s=settings.spool_block_s,
        fsync=settings.spool_fsync,
    )
    return limits if policy is None else replace(limits, policy=policy)


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigurationError(f"the spool folder {folder} cannot be made: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationError(f"the spool folder {folder} is not writable; set CHATSNAPSHOT_SPOOL_DIR")
    return folder.resolve()

"""Tables and views as an engine shows them after `migrate`: types of views are known to the engine alone."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatsnapshot_projections.catalogue import DocumentedTable, documented_columns
from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_projections.migrate import migrate
from chatsnapshot_schemas.connections import ClickHouseConnection

DATABASE = "chatsnapshot_docs"
STOP_WITHIN_S = 20
READY = "ready on "


def tables_at(url: str) -> tuple[DocumentedTable, ...]:
    """What `migrate` makes in a database of its own at this ClickHouse; the database is dropped again."""
    client = connect(ClickHouseConnection(url=url, database=DATABASE))
    try:
        migrate(client, DATABASE)
        return documented_columns(client, DATABASE)
    finally:
        client.command(f"DROP DATABASE IF EXISTS {DATABASE}", use_database=False)
        client.close()


@contextmanager
def engine() -> Iterator[str]:
    """URL of an embedded engine on a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="chatsnapshot-docs-") as folder:
        place = ["--data-dir", str(Path(folder, "data")), "--port", "0"]
        command = [sys.executable, "-m", "chatsnapshot.embedded.clickhouse", *place]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if READY not in line:
                raise RuntimeError(f"the engine did not start: {line!r}")
            yield line.split(READY)[1].split()[0]
        finally:
            process.terminate()
            process.wait(STOP_WITHIN_S)

"""`python -m chatsnapshot.embedded.clickhouse --data-dir D --host 127.0.0.1 --port P`."""

import argparse
import os
import sys
import time
from pathlib import Path

from chatsnapshot_schemas.errors import ChatSnapshotError, MissingExtra


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chatsnapshot.embedded.clickhouse", description="ClickHouse's HTTP interface over chdb."
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of the data; one process may use it")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (there are no passwords)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument(
        "--memory-bytes", type=int, help="limit of the engine's memory; a half of the machine's unless given"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Serve until told to stop. Exit codes: 0 stopped, 1 could not start (one line on stderr), 2 wrong arguments."""
    chosen = _arguments(arguments)
    os.environ["TZ"] = "UTC"  # texts without a zone mean the same on every machine
    time.tzset()
    try:
        try:
            from chatsnapshot.embedded.clickhouse import endpoint
        except ImportError as error:
            raise MissingExtra("embedded", "the embedded ClickHouse endpoint") from error
        endpoint.main(chosen.data_dir, chosen.host, chosen.port, chosen.memory_bytes)
    except ChatSnapshotError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

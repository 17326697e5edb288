"""`chatsnapshot serve http` as a process of its own, on a port that it keeps when it is started again."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from chatsnapshot.embedded.ports import choose_ports

START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0


class HttpServer:
    """Use as a context manager; `settings` are those of the environment, without their prefix.

    `module` is run with the arguments of `chatsnapshot`.
    """

    def __init__(
        self, folder: Path, roles: str = "ingest", *, module: str = "chatsnapshot", **settings: object
    ) -> None:
        (choice,) = choose_ports(("http",), {}, {"http": 0})
        self.url = f"http://127.0.0.1:{choice.port}"
        self.log = folder / f"http-{choice.port}.log"
        self._command = [sys.executable, "-m", module, "serve", "http", "--port", str(choice.port)]
        self._command += ["--roles", roles]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        told = {"DATA_DIR": folder / "data", **settings}
        self._environment = kept | {f"CHATSNAPSHOT_{name}": str(value) for name, value in told.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_WITHIN_S
        while not self._is_alive():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """As by `kill -9`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "HttpServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _is_alive(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).text == "ok\n"
        except httpx.HTTPError:
            return False

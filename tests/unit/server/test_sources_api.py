"""Reports over HTTP wait for their turn in a bounded number of threads."""

import threading
import time

import pytest

from chatsnapshot.server import sources_api
from chatsnapshot.server.sources_api import SourcesApi
from chatsnapshot.settings import Settings
from chatsnapshot_producers.ingest_budget import IngestBudget
from chatsnapshot_schemas.errors import BrokerUnavailable

WAITING = 2


def test_who_finds_as_many_waiting_as_may_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_api, "WAITING_MAX", WAITING)
    monkeypatch.setattr(sources_api, "ACKNOWLEDGED_WITHIN_S", 60.0)
    written: list[int] = []
    monkeypatch.setattr(SourcesApi, "_send", lambda _self, _reports: written.append(1))
    api = SourcesApi(Settings(), IngestBudget(1, 1))
    threads = [threading.Thread(target=api._write, args=([],)) for _ in range(WAITING)]
    with api._turn:
        for thread in threads:
            thread.start()
        while api._waiting._value:  # bounded by the test's own time limit
            time.sleep(0.001)
        with pytest.raises(BrokerUnavailable, match="reports of other producers wait"):
            api._write([])
    for thread in threads:
        thread.join()
    api._write([])
    assert len(written) == WAITING + 1

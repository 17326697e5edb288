"""How long a long run takes to open through the HTTP API."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.failing import BenchmarkFailed
from benchmarks.filling import fill
from benchmarks.installation import Installation
from benchmarks.measures import PartResult
from benchmarks.options import Options
from benchmarks.progress import say
from benchmarks.row_watching import until_rows
from benchmarks.spread import percentile
from benchmarks.stage import Stage
from benchmarks.workload import TENANT, backlog

NAME = "reading"
TITLE = "Reading: a run of 10,000 events through the API"
RUN_EVENTS = 10_000
OTHER_EVENTS = 100_000
OPENINGS = 20
"""A repeat; the first reads cold files."""
PAGE = 1_000
WITHIN_S = 180.0
ANSWER_WITHIN_S = 60.0

METHOD = """\
One run of {events:,} events lies among {others:,} events of other runs. `serve http` answers on loopback, one
request at a time, {openings} times a repeat; p50 and p99 of a repeat. *All events* is every page of
`/v1/runs/{{run_id}}/events?limit=1000` one after the other, as the answers say; the others are one request each,
JSON read."""


def run(options: Options) -> PartResult:
    """The same run, opened again and again."""
    events, others = options.count(RUN_EVENTS), options.count(OTHER_EVENTS)
    result = PartResult(NAME, TITLE, METHOD.format(events=events, others=others, openings=OPENINGS))
    with Stage(options.folder) as stage:
        installation = Installation(stage).migrate()
        for role in ("sequencer", "sink", "http"):
            installation.start(role)
        one = backlog(events, runs=1, seed=2, duplicates=False, prefix="long")
        fill(stage.bootstrap, installation.topics.events, one.events)
        fill(stage.bootstrap, installation.topics.events, backlog(others, duplicates=False).events)
        until_rows(installation, events + others, WITHIN_S)
        run_id = one.events[0].key.decode().removeprefix(f"{TENANT}/")
        with httpx.Client(base_url=installation.http_url, timeout=ANSWER_WITHIN_S, trust_env=False) as http:
            for repeat in range(options.repeat):
                for name, label, ask in _questions(http, f"/v1/runs/{run_id}", events):
                    _add(result, name, label, [_timed(ask) for _ in range(OPENINGS)])
                say(f"{NAME} {repeat + 1}/{options.repeat}: " + _said(result))
    return result


def _questions(http: httpx.Client, path: str, events: int) -> list[tuple[str, str, Callable[[], Any]]]:
    def pages() -> None:
        after, found = 0, 0
        while after is not None:
            answer = _json(http, f"{path}/events", limit=PAGE, after=after)
            found += len(answer["events"])
            after = answer["next_after"]
        if found < events:
            raise BenchmarkFailed(f"{found} of {events} events were listed")

    return [
        ("open", "first page of 1,000 events", lambda: _json(http, f"{path}/events", limit=PAGE)),
        ("pages", "all events, page after page", pages),
        ("summary", "summary", lambda: _json(http, path)),
        ("transcript", "transcript", lambda: _json(http, f"{path}/transcript")),
        ("graph", "graph", lambda: _json(http, f"{path}/graph")),
        ("cost", "cost", lambda: _json(http, f"{path}/cost")),
        ("runs", "list of runs", lambda: _json(http, "/v1/runs", limit=50)),
    ]


def _json(http: httpx.Client, path: str, **parameters: int) -> Any:
    answer = http.get(path, params=parameters)
    if answer.status_code != httpx.codes.OK:
        raise BenchmarkFailed(f"GET {path}: {answer.status_code} {answer.text[:200]}")
    return answer.json()


def _timed(ask: Callable[[], Any]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _add(result: PartResult, name: str, label: str, seconds: list[float]) -> None:
    for percent in (50, 99):
        result.add(f"{NAME}.{name}.p{percent}", f"{label}, p{percent}", "s", percentile(seconds, percent))


def _said(result: PartResult) -> str:
    latest = {measure.key: measure.values[-1] for measure in result.measures}
    return ", ".join(f"{name} {latest[f'{NAME}.{name}.p50'] * 1e3:.0f} ms" for name in ("open", "pages", "graph"))

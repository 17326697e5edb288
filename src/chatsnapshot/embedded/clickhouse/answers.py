"""Running what came in, and answering: the one place where requests, lanes, the engine and replies meet."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from chatsnapshot.embedded.clickhouse.engine import Engine, Job
from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError
from chatsnapshot.embedded.clickhouse.incoming import DataFile, Incoming
from chatsnapshot.embedded.clickhouse.pool import Lane, Lanes
from chatsnapshot.embedded.clickhouse.reader_rules import READER_SETTINGS, check_reader
from chatsnapshot.embedded.clickhouse.reply import Reply, insert_summary, read_summary
from chatsnapshot.embedded.clickhouse.request import QueryRequest
from chatsnapshot.embedded.clickhouse.running_read import READ_BYTES, RunningRead
from chatsnapshot.embedded.clickhouse.statement import Kind, Statement, is_light, output_clause

READONLY_FULL = "1"
"""Neither changes nor settings: for people's SQL."""
READONLY_BUT_SETTINGS = "2"
"""What a server sets for the method GET."""


@dataclass(frozen=True)
class Service:
    """What every request needs: the engine, its lanes, and the folder for bodies and held-back results."""

    engine: Engine
    lanes: Lanes
    folder: Path


async def answer(service: Service, incoming: Incoming, reply: Reply) -> None:
    """Run one request and send its whole answer. Raises EndpointError as long as nothing has been sent."""
    request, query = incoming.request, incoming.query
    if isinstance(query, DataFile):
        try:
            await _insert(service, request, query, reply)
        finally:
            query.remove()
    elif query.kind is Kind.READ:
        await _read(service, request, query, reply)
    else:
        await _change(service, request, query, reply)


def is_cancellable(incoming: Incoming) -> bool:
    """Whether the request may be cancelled when its client goes away: reads only, as on a server."""
    return isinstance(incoming.query, Statement) and incoming.query.kind is Kind.READ


async def _insert(service: Service, request: QueryRequest, data: DataFile, reply: Reply) -> None:
    if request.restricted or request.read_only:
        raise _readonly(request)
    data_bytes = data.path.stat().st_size
    statement = data.insert.reading_from(str(data.path))
    job = _job(request, statement, {f" (in file/uri {data.path})": "", str(data.path): "the request body"})
    running = await service.lanes.changes.start(partial(service.engine.run, job))
    outcome = await asyncio.shield(running)
    await reply.begin(None, insert_summary(outcome, data_bytes))
    await reply.finish()


async def _change(service: Service, request: QueryRequest, statement: Statement, reply: Reply) -> None:
    if request.restricted or request.read_only:
        await asyncio.to_thread(service.engine.check_syntax, statement.text)
        raise _readonly(request)
    await _run_whole(service, service.lanes.changes, request, statement, reply)


async def _run_whole(service: Service, lane: Lane, request: QueryRequest, statement: Statement, reply: Reply) -> None:
    """Run the statement as it came, with its result, if any, in memory."""
    running = await lane.start(partial(service.engine.run, _job(request, statement.text, {})))
    outcome = await asyncio.shield(running)
    output_format = statement.format or request.default_format
    await reply.begin(output_format if outcome.output else None, read_summary(outcome))
    await reply.write(outcome.output)
    await reply.finish()


def _readonly(request: QueryRequest) -> EndpointError:
    text = "Cannot execute query in readonly mode"
    if not request.restricted:
        text += ". For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries"
    return EndpointError(Code.READONLY, text)


async def _read(service: Service, request: QueryRequest, statement: Statement, reply: Reply) -> None:
    if request.restricted:
        await _check_reader(service, request, statement)
    lane = _lane(service.lanes, request, statement)
    read = await RunningRead.begin(service.engine, lane, partial(_read_job, request, statement))
    try:
        await _send_result(service, request, statement, read, reply)
    except EndpointError as error:
        if reply.begun or error.code != Code.SYNTAX_ERROR:
            raise
        # the client's own error, or an output clause where the grammar has no place for it: as it came, then
        await _run_whole(service, lane, request, statement, reply)
    finally:
        read.abandon()


def _lane(lanes: Lanes, request: QueryRequest, statement: Statement) -> Lane:
    if request.restricted:
        return lanes.people
    return lanes.light if is_light(statement) else lanes.reads


async def _check_reader(service: Service, request: QueryRequest, statement: Statement) -> None:
    await asyncio.to_thread(
        check_reader,
        statement,
        request.database,
        request.parameters,
        service.engine.table_functions,
        service.engine.syntax_tree,
    )


async def _send_result(
    service: Service, request: QueryRequest, statement: Statement, read: RunningRead, reply: Reply
) -> None:
    with tempfile.SpooledTemporaryFile(max_size=request.buffer_bytes, dir=str(service.folder)) as spooled:
        held = cast("BinaryIO", spooled)
        ended = await _hold_back(read, held, None if request.wait_end_of_query else request.buffer_bytes)
        outcome = await read.outcome() if ended else None
        await reply.begin(statement.format or request.default_format, read_summary(outcome))
        held.seek(0)
        while piece := held.read(READ_BYTES):
            await reply.write(piece)
    if not ended and (error := await _send_rest(read, reply)) is not None:
        await reply.fail(error)
        return
    await reply.finish()


async def _hold_back(read: RunningRead, held: BinaryIO, bytes_max: int | None) -> bool:
    """Keep the result's beginning, or all of it when there is no maximum. Whether it ended."""
    held_bytes = 0
    while bytes_max is None or held_bytes < bytes_max:
        piece = await read.read()
        if not piece:
            return True
        held.write(piece)
        held_bytes += len(piece)
    return False


async def _send_rest(read: RunningRead, reply: Reply) -> EndpointError | None:
    while piece := await read.read():
        await reply.write(piece)
    try:
        await read.outcome()
    except EndpointError as error:
        return error
    return None


def _read_job(request: QueryRequest, statement: Statement, pipe: str) -> Job:
    return _job(request, statement.writing_to(pipe), {output_clause(pipe): "", output_clause(pipe).rstrip(): ""})


def _job(request: QueryRequest, text: str, replaced: Mapping[str, str]) -> Job:
    settings = {**READER_SETTINGS, **request.settings} if request.restricted else dict(request.settings)
    return Job(
        text=text,
        format=request.default_format,
        database=request.database,
        settings=settings,
        parameters=request.parameters,
        read_only=_read_only(request),
        replaced=replaced,
    )


def _read_only(request: QueryRequest) -> str | None:
    if request.restricted:
        return READONLY_FULL
    asked = request.settings.get("readonly")
    if request.read_only and asked not in (READONLY_FULL, READONLY_BUT_SETTINGS):
        return READONLY_BUT_SETTINGS
    return asked

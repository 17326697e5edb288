"""`attach(agent_or_stream, run)`: everything that AG2 does there, into the run."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

from ag2 import Agent
from ag2.annotations import Context
from ag2.context import Stream, StreamId
from ag2.events import BaseEvent
from ag2.tools.subagents.subagent_tool import SubagentTool
from ag2.utils import AGENT_CONTEXT_DEPENDENCY_KEY

from chatsnapshot.recording import Run
from chatsnapshot.runtimes.ag2.agent_turns import CallWatches, TurnBrackets
from chatsnapshot.runtimes.ag2.storage_tap import StorageTap
from chatsnapshot.runtimes.ag2.trail import Trail
from chatsnapshot.runtimes.attachment import Attachment
from chatsnapshot.runtimes.draft import Draft
from chatsnapshot.runtimes.jsonable import error_of

"""`attach(agent_or_stream, run)`: everything that AG2 does there, into the run."""

from collections import deque
from types import TracebackType
from typing import Any, Self

from ag2 import Agent
from ag2.context import Stream
from ag2.tools.subagents.subagent_tool import SubagentTool

from chatsnapshot.runtimes.ag2.agent_turns import CallWatches, TurnBrackets
from chatsnapshot.runtimes.ag2.capture import Capture
from chatsnapshot_producers.run import Run


class Ag2Attachment(Capture):
    """A capture, and the agents and streams it listens to. A context manager: leaving it detaches."""

    def __init__(self, run: Run, *, resumed: bool = False) -> None:
        super().__init__(run, resumed=resumed)
        self.middleware = (TurnBrackets(self), CallWatches(self))
        """For a single turn of an agent that others use as well: `agent.ask(..., middleware=attachment.middleware)`."""
        self._agents: list[Any] = []

    def attach_agent(self, agent: Agent[Any]) -> None:
        """Listen to an agent, and to the agents that are its tools."""
        waiting, known = deque([agent]), {id(known) for known in self._agents}
        while waiting:
            current = waiting.popleft()
            if id(current) in known:
                continue
            known.add(id(current))
            self._agents.append(current)
            current.insert_middleware(self.middleware[0])
            current.add_middleware(self.middleware[1])
            waiting.extend(tool.agent for tool in current.tools if isinstance(tool, SubagentTool))

    def detach(self) -> None:
        """Listen no more."""
        self.active = False
        for agent in self._agents:
            for factory in self.middleware:
                # AG2 has no public way to take middleware away; what stays is inert
                registered = getattr(agent, "_middleware", [])
                if factory in registered:
                    registered.remove(factory)
        self._agents.clear()
        self.untap()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()


def attach(target: "Agent[Any] | Stream", run: Run, *, resumed: bool = False) -> Ag2Attachment:
    """Record what an agent (with the agents that are its tools) or a stream does from now on into `run`.

    An agent belongs to one run at a time: for an agent that serves many runs at once attach a stream per run, and
    pass `attachment.middleware` to `ask` so that starts and ends of turns are recorded too. `resumed`: what the
    stream's storage already holds is in this run, so that new events link to it. Raises TypeError for anything else.
    """
    attachment = Ag2Attachment(run, resumed=resumed)
    if isinstance(target, Agent):
        attachment.attach_agent(target)
    elif isinstance(target, Stream):
        attachment.tap(target)
    else:
        raise TypeError(f"an ag2.Agent or a stream, not {type(target).__name__}")
    return attachment

"""Record an AG2 agent: one `attach`, and its turns, model calls, tools and people are in the ledger.

Needs `pip install 'chatsnapshot[ag2]'` and a running stack (`chatsnapshot up --detach`). AG2's offline model plays the
model, so that no key is needed: put a real one (`OpenAIConfig`, `AnthropicConfig`, ...) into `config`.
"""

import asyncio

from ag2 import Agent, Context, tool
from ag2.events import ModelMessage, ModelResponse, ToolCallEvent, ToolCallsEvent, Usage
from ag2.testing import TestConfig

from chatsnapshot import Recorder
from chatsnapshot.runtimes.ag2 import attach


@tool
async def weather(city: str) -> str:
    """How is the weather?"""
    return f"grey in {city}"


@tool
async def ask_user(ctx: Context) -> str:
    """Ask the user."""
    return await ctx.input("Which city?")


def scripted() -> TestConfig:
    """What the model answers, turn by turn."""
    return TestConfig(
        said(None, ToolCallEvent("ask_user", id="c1")),
        said(None, ToolCallEvent("weather", id="c2", arguments='{"city": "Kiel"}')),
        said("It is grey in Kiel."),
    )


def said(text: str | None, *calls: ToolCallEvent) -> ModelResponse:
    """One answer of the model, with what it cost."""
    return ModelResponse(
        ModelMessage(text) if text else None,
        tool_calls=ToolCallsEvent(list(calls)),
        usage=Usage(prompt_tokens=120, completion_tokens=18, total_tokens=138),
        model="demo-model",
        provider="demo",
    )


async def main() -> None:
    agent = Agent("forecaster", config=scripted(), tools=[weather, ask_user], hitl_hook=lambda: "Kiel")
    with Recorder.connect(service="forecasts") as recorder:
        run = recorder.run(workflow="forecast", user="u-17")
        with run.lifecycle(), attach(agent, run):
            reply = await agent.ask("How is the weather?")
        await recorder.aflush()
    print(reply.body)
    print(f"recorded; look at it with:  chatsnapshot show {run.id} --mode full --graph")


if __name__ == "__main__":
    asyncio.run(main())

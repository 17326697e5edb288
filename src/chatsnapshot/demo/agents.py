"""The demo's two AG2 agents: a refund desk with tools, and a payments agent that it hands over to."""

import asyncio
from typing import Any

from ag2 import Agent, Context, tool
from ag2.events import HumanInputRequest
from ag2.tools.final import FunctionTool

from chatsnapshot.demo.application import RefundApplication
from chatsnapshot.demo.scripted_models import AMOUNT, desk_model, payments_model

ORDER_LOOKUP_S = 0.15
"""Longer than the policy lookup, so that the second of two parallel tools finishes first."""
POLICY_LOOKUP_S = 0.02


def refund_desk(application: RefundApplication) -> "Agent[Any]":
    """The agent that talks to the customer; its payments agent is one of its tools."""
    payments = Agent(
        "payments",
        "You move money, exactly as you are told.",
        config=payments_model(),
        tools=[_transfer_tool(application)],
    )
    return Agent(
        "refund-desk",
        "You handle refunds. Above 20 EUR a manager must agree.",
        config=desk_model(),
        tools=[
            _order_tool(application),
            refund_policy,
            _manager_tool(application),
            payments.as_tool(description="Hand a payment over to the payments agent."),
        ],
        hitl_hook=_manager_hook(application),
    )


@tool
async def refund_policy(reason: str) -> str:
    """What we promise our customers."""
    await asyncio.sleep(POLICY_LOOKUP_S)
    return f"'{reason}': full refund within 30 days; above 20 EUR a manager agrees first."


def _order_tool(application: RefundApplication) -> FunctionTool:
    @tool
    async def find_order(order: str) -> dict[str, str]:
        """Look an order up."""
        with application.task("check-claim"):
            await asyncio.sleep(ORDER_LOOKUP_S)
        return {"order": order, "item": "desk lamp", "paid": f"{AMOUNT} EUR", "delivered": "2026-05-04"}

    return find_order


def _manager_tool(application: RefundApplication) -> FunctionTool:
    @tool
    async def ask_manager(order: str, amount: str, ctx: Context) -> str:
        """Ask a manager for approval."""
        with application.task("approve"):
            return await ctx.input(f"Refund {amount} EUR for order {order}? The customer says it arrived broken.")

    return ask_manager


def _manager_hook(application: RefundApplication) -> Any:
    def answer(request: HumanInputRequest) -> str:
        return application.approval_given(request.content)

    return answer


def _transfer_tool(application: RefundApplication) -> FunctionTool:
    @tool
    async def transfer(order: str, amount: str) -> str:
        """Transfer money to a customer."""
        with application.task("pay-back"):
            return application.transfer(order, amount)

    return transfer

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from agents.host import AgentHost
from agents.intents import CancelAll, Fill, New, Quotes
from agents.live.venue import LiveVenue
from agents.market import MarketView
from agents.strategy import Context
from engine.types import Liquidity, Side
from net import messages as m
from net.client import ConnectionState
from net.units import Units


class HastyExchange:
    """Tells of the fill before it answers the order that it filled."""

    state = ConnectionState.LIVE

    def __init__(self) -> None:
        self.host: AgentHost | None = None
        self.answered = asyncio.Event()

    async def add_order(self, *_: Any, **__: Any) -> Any:
        assert self.host is not None
        self.host.deliver(Fill(1, Side.BUY, 10_000, 5, Liquidity.MAKER, 0, ref=7))
        asyncio.get_running_loop().call_soon(self.answered.set)
        return SimpleNamespace(status=m.Status.SUCCESS, leaves_quantity=5.0)


async def test_an_order_whose_fill_is_heard_before_its_answer_is_no_longer_open() -> None:
    exchange: Any = HastyExchange()
    venue = LiveVenue({1: Units(1_000_000, 100_000_000)})
    context = Context("ann", MarketView())
    exchange.host = AgentHost(context, SimpleNamespace(on_event=lambda _: ()), SimpleNamespace(), venue)  # type: ignore[arg-type]
    venue.seat(exchange.host, exchange)
    venue.send("ann", [New(1, Side.BUY, 5, 10_000, ref=7)])
    async with asyncio.timeout(20):
        await exchange.answered.wait()
    assert context.portfolio.working == {}
    assert context.portfolio.position(1) == 5


class SlowExchange:
    """Answers quotes when it is told to, and writes down what it is asked."""

    state = ConnectionState.LIVE

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = asyncio.Event()

    async def mass_quote(self, *_: Any, **__: Any) -> Any:
        self.asked.append("quotes")
        await self.answer.wait()
        return SimpleNamespace(status=m.Status.SUCCESS)

    async def cancel_all(self, *_: Any, **__: Any) -> None:
        self.asked.append("cancel all")


def pause(venue: LiveVenue, _: AgentHost, __: Any) -> None:
    venue.send("ann", [CancelAll()])


def restart(venue: LiveVenue, host: AgentHost, exchange: Any) -> None:
    venue.seat(host, exchange)
    venue.send("ann", [CancelAll()])


@pytest.mark.parametrize("stop", [pause, restart])
async def test_quotes_that_wait_are_not_placed_after_the_agent_was_stopped(
    stop: Callable[[LiveVenue, AgentHost, Any], None],
) -> None:
    exchange: Any = SlowExchange()
    venue = LiveVenue({1: Units(1_000_000, 100_000_000)})
    host = AgentHost(Context("ann", MarketView()), SimpleNamespace(), SimpleNamespace(), venue)  # type: ignore[arg-type]
    venue.seat(host, exchange)
    venue.send("ann", [Quotes(1, ((9_999, 1),)), Quotes(1, ((9_998, 1),))])
    stop(venue, host, exchange)
    exchange.answer.set()
    while venue._tasks:
        await asyncio.wait(venue._tasks, timeout=20)
    assert exchange.asked == ["quotes", "cancel all"]

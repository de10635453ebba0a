import asyncio
from types import SimpleNamespace
from typing import Any

from agents.host import AgentHost
from agents.intents import Fill, New
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
    async with asyncio.timeout(5):
        await exchange.answered.wait()
    assert context.portfolio.working == {}
    assert context.portfolio.position(1) == 5

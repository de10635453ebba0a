"""Live books in our exchange: our own venue plays the live one, another engine is where the paper trades."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from hl_waiting import eventually
from venue_world import World, running

from agents.live.session import PUBLIC_CHANNELS, AgentsConfig, Session
from agents.population import members
from agents.scenario import parse_scenario
from engine.commands import AddInstrument, NewOrder, OpenAccount
from engine.oms import OrderManagementSystem
from engine.types import CASH_SCALE, InstrumentStatus, Side
from net.client import Client
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.errors import StartupError
from net.gateway import GatewayConfig, serve
from net.hyperliquid.api_client import HyperliquidApiClient
from net.hyperliquid.connection import Timing
from net.hyperliquid.paper import SOURCE
from net.hyperliquid.paper_feed import MAKER, PaperConfig, PaperFeed
from net.hyperliquid.venue.faults import FaultKind
from net.messages import InstrumentStatusChange

TIMING = Timing(ack=1.0, whole_book=0.4, fast_book=0.4, patience=3.0)


@asynccontextmanager
async def paper(world: World, *markets: str) -> AsyncIterator[tuple[OrderManagementSystem, EngineClient]]:
    oms = OrderManagementSystem()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(EngineServer(oms, epoch="paper"))
        engine = await stack.enter_async_context(EngineClient("127.0.0.1", server.port))
        api = HyperliquidApiClient(world.url, timing=TIMING)
        await stack.enter_async_context(api)
        feed = PaperFeed(engine, api, PaperConfig(markets=markets, base_url=world.url))
        task = asyncio.create_task(feed.run())
        try:
            yield oms, engine
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await feed.leave()
            assert all(each.status is InstrumentStatus.HALTED for each in oms.instruments() if each.source == SOURCE)
            assert not oms.orders(MAKER)


def best(oms: OrderManagementSystem, symbol_id: int = 1) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Best bid and offer, ticks and lots."""
    depth = oms.depth(symbol_id)
    if depth is None or not depth.bids or not depth.asks:
        return None
    return (depth.bids[0].price, depth.bids[0].qty), (depth.asks[0].price, depth.asks[0].qty)


async def test_a_live_market_is_shown_followed_and_traded_on_paper() -> None:
    async with running() as world:
        await world.quotes()
        async with paper(world, "ETH", "HYPE/USDC") as (oms, engine):
            await eventually(lambda: best(oms, 1) is not None and best(oms, 2) is not None)
            tickers = {each.symbol_id: (each.ticker, each.source) for each in oms.instruments()}
            eth = next(number for number, (ticker, _) in tickers.items() if ticker == "ETH")
            assert set(tickers.values()) == {("ETH", "hyperliquid"), ("HYPE/USDC", "hyperliquid")}
            assert best(oms, eth) == ((19_990, 100_000), (20_010, 100_000))
            await world.quote("ETH", Side.BUY, 1999.5, 2)
            await eventually(lambda: best(oms, eth) == ((19_995, 20_000), (20_010, 100_000)))
            await engine.submit(OpenAccount(account="me", cash=10**6 * CASH_SCALE))
            bought = await engine.submit(NewOrder(account="me", symbol_id=eth, side=Side.BUY, qty=5_000, price=20_010))
            assert (bought.cum_qty, bought.leaves_qty) == (5_000, 0)
            await engine.submit(NewOrder(account="me", symbol_id=eth, side=Side.BUY, qty=10_000, price=19_995))
            await world.take("ETH", Side.SELL, 1999.5, 1)
            await eventually(lambda: oms.orders("me")[0].queue_ahead == 10_000)
            await world.take("ETH", Side.SELL, 1999, 3)
            await eventually(lambda: not oms.orders("me"))
            assert sum(fill.qty for fill in oms.fills("me")) == 15_000


async def test_a_market_that_is_not_seen_is_halted_with_the_reason() -> None:
    async with running() as world:
        await world.quotes()
        async with paper(world, "ETH") as (oms, _):
            await eventually(lambda: best(oms) is not None)
            world.break_with(FaultKind.FREEZE, "ws", seconds=1.5)
            await eventually(lambda: best(oms) is None)
            await eventually(lambda: oms.instruments()[0].status is InstrumentStatus.HALTED)
            await eventually(lambda: best(oms) is not None)
            assert oms.instruments()[0].status is InstrumentStatus.OPEN


async def test_a_market_that_the_venue_does_not_list_stops_the_start() -> None:
    async with running() as world:
        api = HyperliquidApiClient(world.url)
        feed = PaperFeed(world.engine, api, PaperConfig(markets=("NOPE",)))
        with pytest.raises(StartupError, match="NOPE is not listed on Hyperliquid"):
            await feed.run()
        await api.close()


async def test_a_name_that_the_venue_refuses_is_shown_as_unknown(tmp_path: Path) -> None:
    async with running() as world:
        await world.quotes()
        async with paper(world, "ETH") as (oms, engine):
            await eventually(lambda: best(oms) is not None)
            async with serve(GatewayConfig(data_dir=tmp_path, port=0), engine) as server:
                await server.gateway.feed.ready.wait()
                world.break_with(FaultKind.REFUSE, "l2Book", count=2)
                world.break_with(FaultKind.DROP, "ws")
                async with Client(f"ws://127.0.0.1:{server.port}/ws") as client:
                    async for message in client.messages():
                        if isinstance(message, InstrumentStatusChange) and message.reason == "unknown name":
                            break
                async with Client(f"ws://127.0.0.1:{server.port}/ws") as late:
                    [shape] = late.instruments.values()
                    assert (shape.status, shape.status_reason) == (InstrumentStatus.HALTED, "unknown name")


AGENTS = """
live_instruments = ["ETH"]
[market]
live_speed = 40.0
[[instruments]]
ticker = "ACME"
price = 100.0
[[agents]]
personality = "noise"
count = 4
name = "paper"
instruments = ["ETH"]
[[agents]]
personality = "noise"
count = 2
name = "local"
"""


async def test_agents_that_a_scenario_names_trade_the_live_market_on_paper_and_nobody_else_does(tmp_path: Path) -> None:
    scenario = parse_scenario(AGENTS, "test")
    async with running() as world:
        await world.quotes()
        async with paper(world, "ETH") as (oms, engine), AsyncExitStack() as stack:
            await engine.submit(AddInstrument(instrument=scenario.instruments[0]))
            await eventually(lambda: best(oms, 2) is not None or best(oms, 1) is not None)
            server = await stack.enter_async_context(serve(GatewayConfig(data_dir=tmp_path, port=0), engine))
            await server.gateway.feed.ready.wait()
            url = f"ws://127.0.0.1:{server.port}/ws"
            client = await stack.enter_async_context(Client(url, channels=PUBLIC_CHANNELS))
            session = Session(AgentsConfig(url=url, data_dir=tmp_path), scenario, [client])
            trading = asyncio.create_task(session.run(members(scenario), asyncio.Event()))
            [eth] = [each.symbol_id for each in oms.instruments() if each.source == SOURCE]
            accounts = lambda prefix: [each for each in oms.accounts() if each.name.startswith(prefix)]  # noqa: E731
            await eventually(lambda: sum(len(oms.fills(each.account)) > 0 for each in accounts("paper")) >= 2)
            fills = [fill for each in accounts("paper") for fill in oms.fills(each.account)]
            assert {fill.symbol_id for fill in fills} == {eth}
            assert all(19_980 <= fill.price <= 20_020 for fill in fills)
            local = [each.account for each in accounts("local")]
            assert not [x for each in local for x in (*oms.fills(each), *oms.orders(each)) if x.symbol_id == eth]
            assert session.world.fundamental.value(eth) == pytest.approx(20_000, abs=20)
            trading.cancel()
            await asyncio.gather(trading, return_exceptions=True)

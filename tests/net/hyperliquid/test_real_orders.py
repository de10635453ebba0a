"""The console's client of real orders: our exchange shows the book, our venue takes the orders, over real sockets."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from hl_waiting import eventually
from venue_world import ALICE, ALICE_KEY, World, in_thread, running

from engine.commands import AddInstrument, SetInstrumentStatus
from engine.instruments import Instrument
from engine.types import InstrumentStatus, RejectCode, Side, TimeInForce
from net import messages as m
from net.errors import StartupError
from net.hyperliquid.connection import Timing
from net.hyperliquid.keys import KEY_VARIABLE
from net.hyperliquid.own_orders import ClientOrderRequest, OrderState
from net.hyperliquid.safety import Safety
from net.hyperliquid.trading_session import TradingSession, trading_session
from net.hyperliquid.venue.faults import FaultKind
from tests.support.real_exchange import RealExchange
from tui.real_orders import RealOrdersClient

pytest.importorskip("hyperliquid.utils.signing", reason="needs the extra hyperliquid-clients")

TIMING = Timing(ack=1.0, ping_every=1.0, pong=1.0)
ACME, ETH = 1, 3
LIVE = Instrument(
    symbol_id=ETH, ticker="ETH", initial_price=20_000, tick_size_e8=10**7, lot_size_e8=10**4, source="hyperliquid"
)
T = TypeVar("T", bound=m.AnyServerMessage)


class Trader:
    """A console without a screen: the client, its session, the two venues behind it, and all it heard."""

    def __init__(self, client: RealOrdersClient, session: TradingSession, world: World, here: RealExchange) -> None:
        self.client = client
        self.session = session
        self.world = world
        self.here = here
        self.heard: list[object] = []

    async def listen(self) -> None:
        async for message in self.client.messages():
            self.heard.append(message)

    def said(self, kind: type[T]) -> list[T]:
        return [message for message in self.heard if isinstance(message, kind)]

    def states(self, key: str) -> list[str]:
        return [each.data.event for each in self.said(m.OrderUpdate) if each.data.client_order_id == key]

    async def buy(self, price: float, size: float = 0.5, **more: object) -> m.OrderResult:
        return await self.client.add_order(ETH, Side.BUY, size, price=price, **more)  # type: ignore[arg-type]

    async def set_status(self, status: InstrumentStatus, reason: str) -> None:
        command = SetInstrumentStatus(symbol_id=ETH, status=status, reason=reason)
        assert self.here.server is not None
        await self.here.server.gateway.engine.submit(command)
        await eventually(lambda: self.client.instruments[ETH].status is status)


@asynccontextmanager
async def trading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: int = 10_000) -> AsyncIterator[Trader]:
    monkeypatch.setenv(KEY_VARIABLE, ALICE_KEY)
    safety = Safety(value_max=cap * 10**8)
    safety.unlock(safety.confirmation)
    here = RealExchange(tmp_path)
    here.service.submit(AddInstrument(instrument=LIVE), time.time_ns())
    async with running(ALICE) as world:
        await world.quotes()
        await here.start_engine()
        await here.start_gateway()
        try:
            async with trading_session(world.url, safety, timing=TIMING) as session:
                client = RealOrdersClient(here.url, session)
                trader = Trader(client, session, world, here)
                await client.connect()
                listening = asyncio.create_task(trader.listen())
                await client.register("hand", starting_capital=1_000)
                assert await client.get_orders() == []
                yield trader
                await client.close()
                await listening
        finally:
            await here.stop_gateway()
            await here.stop_engine()


async def test_an_order_leaves_for_the_venue_and_its_fills_and_position_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trading(tmp_path, monkeypatch) as trader:
        result = await trader.buy(2001.0, client_order_id="mine-1")
        assert (result.status, result.client_order_id) == (m.Status.SUCCESS, "mine-1")
        assert (await trader.client.get_portfolio()).positions[str(ETH)].quantity == 0.5  # asked for, it is the newest
        await eventually(lambda: trader.said(m.Execution))
        [execution] = trader.said(m.Execution)
        assert (execution.data.price, execution.data.quantity, execution.data.client_order_id) == (
            2001.0,
            0.5,
            "mine-1",
        )
        assert execution.data.leaves_quantity == 0
        await eventually(lambda: any(str(ETH) in each.positions for each in trader.said(m.PortfolioUpdate)))
        portfolio = await trader.client.get_portfolio()
        position = portfolio.positions[str(ETH)]
        assert (position.quantity, position.avg_price) == (0.5, 2001.0)
        assert portfolio.total_value == pytest.approx(200_000, abs=5)  # both wallets, less the fee
        assert portfolio.cash + position.market_value == pytest.approx(portfolio.total_value)
        assert [fill.trade_id for fill in await trader.client.get_trades()] == [execution.data.trade_id]
        assert trader.here.service.orders(None) == []  # nothing was placed here


async def test_a_resting_order_is_shown_moved_and_canceled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with trading(tmp_path, monkeypatch) as trader:
        placed = await trader.buy(1900.0, client_order_id="mine-1", post_only=True)
        [shape] = await trader.client.get_orders()
        assert (shape.order_id, shape.price, shape.leaves_quantity, shape.post_only) == (
            placed.order_id, 1900.0, 0.5, True,
        )  # fmt: skip
        moved = await trader.client.modify_order(ETH, placed.order_id, price=1901.0)
        assert moved.status is m.Status.SUCCESS
        [shape] = await trader.client.get_orders()
        assert (shape.price, shape.leaves_quantity, shape.post_only) == (1901.0, 0.5, True)
        assert trader.states("mine-1") == ["accepted", "canceled"]
        gone = await trader.client.cancel_order(ETH, moved.order_id)
        assert gone.status is m.Status.SUCCESS
        assert await trader.client.get_orders() == []
        assert await trader.world.info(type="openOrders", user=ALICE) == []


async def test_what_must_not_leave_is_refused_here_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trading(tmp_path, monkeypatch, cap=100) as trader:
        too_big = await trader.buy(1900.0)
        assert (too_big.code, too_big.message) == (RejectCode.NOT_ALLOWED, "worth more than the cap of $100 per order")
        simulated = await trader.client.add_order(ACME, Side.BUY, 1, price=100.0)
        assert (simulated.code, "simulated instruments are watched" in str(simulated.message)) == (
            RejectCode.NOT_ALLOWED, True,
        )  # fmt: skip
        fill_or_kill = await trader.buy(1900.0, 0.05, time_in_force=TimeInForce.FOK)
        assert fill_or_kill.code is RejectCode.INVALID_MESSAGE
        await trader.set_status(InstrumentStatus.HALTED, "stale")
        assert trader.client.instruments[ETH].status_reason == "stale"
        blind = await trader.buy(1900.0, 0.05)
        assert (blind.code, blind.message) == (
            RejectCode.INSTRUMENT_HALTED, "its book is not live: no order is sent blindly",
        )  # fmt: skip
        assert trader.session.client.orders.orders == {}


async def test_the_venues_own_refusal_is_told_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with trading(tmp_path, monkeypatch) as trader:
        refused = await trader.buy(2001.0, post_only=True)
        assert refused.status is m.Status.ERROR
        assert str(refused.message).startswith("Post only order would have immediately matched")
        small = await trader.buy(1900.0, 0.001)
        assert "minimum value of $10" in str(small.message)


async def test_the_kill_switch_cancels_everything_at_the_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with trading(tmp_path, monkeypatch) as trader:
        for price in (1900.0, 1901.0):
            await trader.buy(price)
        killed = await trader.client.cancel_all()
        assert (killed.status, len(killed.order_ids)) == (m.Status.SUCCESS, 2)
        assert await trader.world.info(type="openOrders", user=ALICE) == []
        trader.world.break_with(FaultKind.DROP, "cancelByCloid", count=9)
        await trader.buy(1902.0)
        failed = await trader.client.cancel_all()
        assert failed.status is m.Status.ERROR
        assert "its switch cancels in 6 s" in str(failed.message)


async def test_each_fault_on_the_way_loses_no_fill_and_doubles_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of fault strikes somewhere in a seeded mix of orders; in the end both sides tell the same fills."""
    rng = random.Random(11)
    faults = (
        (FaultKind.LOSE_ANSWER, "order"), (FaultKind.DUPLICATE, "userFills"), (FaultKind.DUPLICATE, "orderUpdates"),
        (FaultKind.DROP, "ws"), (FaultKind.REFUSE, "order"), (FaultKind.DELAY, "order"), (FaultKind.DELAY, "userFills"),
        (FaultKind.FREEZE, "ws"), (FaultKind.LOSE_ANSWER, "order"), (FaultKind.DROP, "ws"),
    )  # fmt: skip
    async with trading(tmp_path, monkeypatch) as trader:
        for kind, where in faults:
            await asyncio.wait_for(trader.session.client.reconciled.wait(), 10)
            trader.world.break_with(kind, where, seconds=0.3)
            side = rng.choice((Side.BUY, Side.SELL))
            price = 2001.0 if side is Side.BUY else 1999.0
            await trader.client.add_order(ETH, side, rng.randint(1, 20) / 100, price=price)
        venue = {(fill["tid"], fill["oid"]) for fill in await trader.world.info(type="userFills", user=ALICE)}
        assert len(venue) >= 8
        await eventually(lambda: len(trader.said(m.Execution)) >= len(venue))
        told = [(each.data.trade_id, each.data.order_id) for each in trader.said(m.Execution)]
        assert len(told) == len(set(told))
        assert set(told) == venue
        await eventually(lambda: not trader.session.client.orders.working())


async def test_a_key_without_an_account_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as world:
        monkeypatch.setenv(KEY_VARIABLE, ALICE_KEY)
        with pytest.raises(StartupError, match=f"{ALICE}, the address of this key, has no account there"):
            async with trading_session(world.url, Safety()):
                pass
    with pytest.raises(StartupError, match="no network 'main'"):
        async with trading_session("main", Safety()):
            pass


async def test_the_key_of_an_agent_trades_for_its_master(monkeypatch: pytest.MonkeyPatch) -> None:
    from eth_account import Account
    from hyperliquid.exchange import Exchange

    async with running(ALICE) as world:
        await world.quotes()
        answer, key = await in_thread(lambda: Exchange(Account.from_key(ALICE_KEY), world.url).approve_agent("console"))
        assert answer["status"] == "ok"
        monkeypatch.setenv(KEY_VARIABLE, key)
        safety = Safety(value_max=1_000 * 10**8)
        safety.unlock(safety.confirmation)
        async with trading_session(world.url, safety, timing=TIMING) as session:
            assert session.client.account == ALICE
            request = ClientOrderRequest(market="ETH", side=Side.BUY, price="1900", size="0.1")
            assert (await session.client.place(request)).state is OrderState.WORKING
        assert [order["limitPx"] for order in await world.info(type="openOrders", user=ALICE)] == ["1900.0"]


async def test_the_venues_switch_is_held_while_orders_work_and_taken_back_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, ALICE_KEY)
    monkeypatch.setattr("net.hyperliquid.trading_session.SWITCH_EVERY_S", 0.05)
    async with running(ALICE) as world:
        await world.quotes()
        schedules = world.venue.store.state.schedules
        safety = Safety(value_max=1_000 * 10**8)
        safety.unlock(safety.confirmation)
        async with trading_session(world.url, safety, timing=TIMING) as session:
            request = ClientOrderRequest(market="ETH", side=Side.BUY, price="1900", size="0.1")
            order = await session.client.place(request)
            await eventually(lambda: ALICE in schedules)
            assert schedules[ALICE] - world.venue.now_ms() > 100_000
            await session.client.cancel(order)
            await eventually(lambda: ALICE not in schedules)
            await session.client.place(request)
            await eventually(lambda: ALICE in schedules)
        assert ALICE not in schedules
        assert len(await world.info(type="openOrders", user=ALICE)) == 1


async def test_a_session_that_failed_says_so_and_is_not_taken_for_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, ALICE_KEY)
    async with running(ALICE) as world, trading_session(world.url, Safety(), timing=TIMING) as session:
        await eventually(lambda: session.live)
        told: list[str] = []
        session.on_note = told.append

        def fail() -> None:
            raise ZeroDivisionError

        session.on_account = fail
        session.stir()
        await eventually(lambda: bool(told))
        assert not session.live

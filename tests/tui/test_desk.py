"""Safety of the desk: what keeps a key from being a mistake. No screen, a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.types import RejectCode, Side
from net import messages as m
from tests.tui.world import FakeTime, World
from tui.desk import Desk
from tui.plans import DeskSettings
from tui.view import View


class Trader:
    """A desk on a live world."""

    def __init__(self, make_world: Callable[[FakeTime], World] = World) -> None:
        self.time = FakeTime()
        self.world = make_world(self.time)
        self.view = View()
        self.told: list[str] = []
        self.tasks: list[asyncio.Future[object]] = []
        self.desk = Desk(self.view, self.time.clock(), DeskSettings(), lambda _kind, text: self.told.append(text),
                         self._spawn)  # fmt: skip
        self.desk.feed = self.world
        self.view.session.agent_id = "a-you"
        self.view.orders.trusted = True
        self.view.fold(m.Instruments(data=[market.shape for market in self.world.markets.values()]), 0.0)
        self.world.push_books()
        while not self.world.queue.empty():
            push = self.world.queue.get_nowait()
            assert isinstance(push, m.OrderBooks)
            self.view.fold(push, self.time.ms / 1000)
        self.view.link.up(self.time.ms / 1000)

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    def wait(self, ms: int) -> None:
        """Let time pass while the exchange is heard."""
        self.time.pass_ms(ms)
        self.view.link.heard(self.time.ms / 1000)
        self.desk.tick()

    async def sent(self) -> int:
        """How many orders reached the exchange."""
        await asyncio.gather(*self.tasks)
        return sum(verb == "add" for verb, _ in self.world.requests)

    @property
    def bid(self) -> int:
        best = self.view.depth.best_bid
        assert best is not None
        return best


@pytest.fixture
def trader() -> Trader:
    return Trader()


async def test_safe_waits_for_enter_and_nothing_else(trader: Trader) -> None:
    trader.desk.order(Side.BUY, trader.bid, "b")
    assert await trader.sent() == 0
    trader.wait(300)
    assert trader.desk.answer("y") is False
    assert trader.desk.asked is None
    trader.desk.order(Side.BUY, trader.bid, "b")
    assert trader.desk.answer("enter") is True
    assert await trader.sent() == 1


async def test_armed_sends_by_one_key_but_not_what_trades_at_once(trader: Trader) -> None:
    trader.desk.arm()
    trader.desk.order(Side.BUY, trader.bid, "b")
    assert await trader.sent() == 1
    trader.wait(300)
    trader.desk.order(Side.SELL, trader.bid, "s")
    assert trader.desk.asked is not None
    assert trader.desk.asked.key == "y"
    assert await trader.sent() == 1


async def test_a_key_that_is_held_down_sends_one_order(trader: Trader) -> None:
    trader.desk.arm()
    for _ in range(20):
        trader.desk.order(Side.BUY, trader.bid, "b")
        trader.wait(40)
    assert await trader.sent() == 1


async def test_a_question_expires_in_three_seconds(trader: Trader) -> None:
    trader.desk.kill()
    trader.wait(3_100)
    assert trader.desk.asked is None
    assert trader.desk.answer("y") is False
    assert not trader.world.requests


async def test_the_start_key_held_down_does_not_answer(trader: Trader) -> None:
    trader.desk.flatten("F")
    trader.desk.held("F")
    assert trader.desk.answer("F") is True
    assert trader.desk.asked is not None


async def test_armed_ends_after_five_minutes_without_a_key(trader: Trader) -> None:
    trader.desk.arm()
    trader.wait(299_000)
    assert trader.desk.armed
    trader.desk.touch()
    trader.wait(299_000)
    assert trader.desk.armed
    trader.wait(2_000)
    assert not trader.desk.armed


async def test_a_market_that_moved_asks_again(trader: Trader) -> None:
    """An order that waited for its Enter and would trade now does not slip through."""
    trader.desk.order(Side.BUY, trader.bid, "b")
    market = trader.view.markets[1]
    shape = m.OrderBookShape(symbol_id=1, sequence=99_999, bids=[], asks=[
        m.LevelShape(price=market.scale.price(trader.bid - 3), quantity=5, orders=1)])  # fmt: skip
    market.fold_snapshot(shape)
    trader.desk.answer("enter")
    await asyncio.gather(*trader.tasks)
    assert trader.desk.asked is not None
    assert trader.desk.asked.key == "y"
    assert await trader.sent() == 0


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda t: t.time.pass_ms(2_500), "prices are stale"),
        (lambda t: t.view.link.down("closed", 1, None), "not connected"),
        (lambda t: setattr(t.view.orders, "trusted", False), "own orders are not known yet"),
        (lambda t: setattr(t.view.session, "role", m.Role.SPECTATOR), "spectators do not trade"),
        (lambda t: setattr(t.desk, "too_small", True), "the terminal is too small to trade in"),
    ],
)
async def test_no_order_leaves_while_something_is_wrong(trader: Trader, spoil: Any, why: str) -> None:
    spoil(trader)
    trader.desk.order(Side.BUY, trader.bid, "b")
    trader.desk.answer("enter")
    assert await trader.sent() == 0
    assert trader.told[-1].endswith(why)


async def test_a_market_order_goes_no_further_than_the_band(trader: Trader) -> None:
    trader.desk.order(Side.SELL, None, "S")
    trader.desk.answer("y")
    assert await trader.sent() == 1
    _verb, (_id, side, _qty, price, tif, _post) = trader.world.requests[-1]  # type: ignore[misc]
    assert (side, tif) == ("sell", "IOC")
    assert price == round((trader.bid - round(trader.bid * 0.02)) * 0.05, 2)


async def test_stale_prices_stop_orders_but_not_cancels(trader: Trader) -> None:
    trader.desk.order(Side.BUY, trader.bid, "b")
    trader.desk.answer("enter")
    await trader.sent()
    order = trader.view.orders.open_orders()[0]
    trader.time.pass_ms(2_500)
    trader.desk.cancel(order)
    await asyncio.gather(*trader.tasks)
    assert trader.world.requests[-1] == ("cancel", order.order_id)


async def test_a_kill_on_stale_prices_cancels_and_says_that_positions_stay(trader: Trader) -> None:
    """Closing them would trade at prices that nobody knows."""
    line = m.PositionShape(instrument_id=1, quantity=10, avg_price=100, current_price=100, market_value=1000,
                           unrealized_pnl=0, realized_pnl=0)  # fmt: skip
    trader.view.portfolio.fold(m.PortfolioUpdate(agent_id="a-you", cash=0, reserved=0, positions={"1": line},
                                                 total_value=1_000, pnl=0))  # fmt: skip
    trader.time.pass_ms(2_500)
    trader.desk.kill()
    trader.desk.answer("y")
    assert await trader.sent() == 0
    assert trader.world.requests[-1] == ("cancel_all", (None, None))
    assert trader.told[-1] == "closing the positions: prices are stale"


class Shrinking(World):
    """Its first answer to a closing order: a fill on the way left less to close."""

    async def add_order(self, symbol_id: int, side: Side, quantity: float, **rest: Any) -> m.OrderResult:
        held, average = self.positions[symbol_id]
        if held == 10:
            self.positions[symbol_id] = (6.0, average)
            self.requests.append(("add", quantity))
            return m.OrderResult(status=m.Status.ERROR, code=RejectCode.WOULD_NOT_REDUCE, message="too much")
        return await super().add_order(symbol_id, side, quantity, **rest)


async def test_a_position_that_shrinks_on_the_way_is_closed_all_the_same() -> None:
    trader = Trader(Shrinking)
    trader.world.positions[1] = (10.0, 100.0)
    trader.view.portfolio.fold(trader.world.portfolio())
    trader.desk.kill()
    trader.desk.answer("y")
    assert await trader.sent() == 2
    assert trader.world.positions[1][0] == 0


async def test_what_is_closed_is_the_position_of_now() -> None:
    """Not the one that was shown when the key was pressed."""
    trader = Trader()
    trader.desk.flatten()
    trader.world.positions[1] = (-7.0, 100.0)
    trader.desk.answer("y")
    assert await trader.sent() == 1
    assert trader.world.positions[1][0] == 0


async def test_an_order_confirmed_after_the_connection_went_is_refused(trader: Trader) -> None:
    trader.desk.flatten()
    trader.desk.feed = None
    trader.desk.answer("y")
    await asyncio.gather(*trader.tasks)
    assert trader.told == ["cancel all: not connected", "closing the positions: not connected"]

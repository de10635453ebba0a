"""The paper-trading model on the real order-management system, without a socket."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import AddInstrument, NewOrder, OpenAccount
from engine.events import AnyEvent, OrderFilled, Rejected
from engine.instruments import Instrument
from engine.oms import OrderManagementSystem
from engine.types import CASH_SCALE, Side
from net.hyperliquid.paper import fits, plan, print_order, tick_of

MAKER, TAKER, USER = "shadow", "tape", "me"


class Paper:
    """A live market, as it is displayed, in an exchange of our own."""

    def __init__(self) -> None:
        self.oms = OrderManagementSystem()
        self.do(AddInstrument(instrument=Instrument(symbol_id=1, ticker="X", initial_price=100, price_band_ppm=0)))
        for account in (MAKER, TAKER, USER):
            self.do(OpenAccount(account=account, cash=10**9 * CASH_SCALE))

    def do(self, command: object) -> list[AnyEvent]:
        events = self.oms.submit(command, 0)  # type: ignore[arg-type]
        assert not any(isinstance(event, Rejected) for event in events), events
        return events

    def display(self, bids: dict[int, int], asks: dict[int, int], depth: int = 20) -> None:
        for command in plan(MAKER, 1, self.oms.orders(MAKER), bids, asks, depth):
            self.do(command)
        self.oms.check()

    def print(self, side: Side, price: int, lots: int) -> None:
        self.do(print_order(TAKER, 1, side, price, lots))

    def order(self, side: Side, price: int, lots: int) -> list[int]:
        events = self.do(NewOrder(account=USER, symbol_id=1, side=side, qty=lots, price=price))
        return [event.price for event in events if isinstance(event, OrderFilled) and event.account == USER]

    @property
    def filled(self) -> int:
        return sum(fill.qty for fill in self.oms.fills(USER))

    @property
    def ahead(self) -> int | None:
        (order,) = self.oms.orders(USER)
        return order.queue_ahead

    def book(self) -> tuple[dict[int, int], dict[int, int]]:
        depth = self.oms.depth(1)
        assert depth is not None
        return {each.price: each.qty for each in depth.bids}, {each.price: each.qty for each in depth.asks}


def test_the_book_is_what_is_displayed() -> None:
    paper = Paper()
    paper.display({99: 5, 98: 7}, {101: 3})
    assert paper.book() == ({99: 5, 98: 7}, {101: 3})
    paper.display({98: 2, 97: 4}, {99: 1, 100: 6})
    assert paper.book() == ({98: 2, 97: 4}, {99: 1, 100: 6})


def test_what_is_taken_is_filled_at_displayed_prices_and_back_at_the_next_update() -> None:
    paper = Paper()
    paper.display({99: 5}, {101: 3, 102: 4})
    assert paper.order(Side.BUY, 102, 5) == [101, 102]
    assert paper.book()[1] == {102: 2}
    paper.display({99: 5}, {101: 3, 102: 4})
    assert paper.book()[1] == {101: 3, 102: 4}


def test_a_resting_order_waits_for_trades_to_eat_what_was_there_before_it() -> None:
    paper = Paper()
    paper.display({99: 10}, {101: 3})
    paper.order(Side.BUY, 99, 5)
    assert paper.ahead == 10
    paper.print(Side.SELL, 99, 8)
    assert (paper.ahead, paper.filled) == (2, 0)
    paper.display({99: 2}, {101: 3})
    paper.print(Side.SELL, 99, 4)
    assert paper.filled == 2


def test_what_comes_later_queues_behind_and_what_vanishes_is_taken_from_behind_first() -> None:
    paper = Paper()
    paper.display({99: 10}, {101: 3})
    paper.order(Side.BUY, 99, 5)
    paper.display({99: 16}, {101: 3})
    assert paper.ahead == 10
    paper.display({99: 11}, {101: 3})
    assert paper.ahead == 10
    paper.display({99: 4}, {101: 3})
    assert paper.ahead == 4


def test_a_market_that_moves_through_a_resting_order_fills_it() -> None:
    paper = Paper()
    paper.display({99: 10}, {101: 3})
    paper.order(Side.BUY, 99, 5)
    paper.display({97: 1}, {98: 20})
    assert paper.filled == 5
    assert paper.book() == ({97: 1}, {98: 15})


def test_levels_beyond_what_is_displayed_stay_as_they_were() -> None:
    paper = Paper()
    paper.display({99: 1, 98: 2, 97: 3}, {101: 1})
    paper.display({99: 1, 98: 2}, {101: 1}, depth=2)
    assert paper.book()[0] == {99: 1, 98: 2, 97: 3}
    paper.display({99: 1, 98: 2}, {101: 1}, depth=3)
    assert paper.book()[0] == {99: 1, 98: 2}
    paper.display({}, {101: 1})
    assert paper.book()[0] == {}


levels = st.dictionaries(st.integers(1, 50), st.integers(1, 9), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(10, 40), levels, levels), min_size=1, max_size=6))
def test_after_each_update_the_displayed_prices_hold_just_what_is_displayed(
    updates: list[tuple[int, dict[int, int], dict[int, int]]],
) -> None:
    paper = Paper()
    for middle, below, above in updates:
        bids = {price: lots for price, lots in below.items() if price < middle}
        asks = {middle + price: lots for price, lots in above.items()}
        paper.display(bids, asks)
        shown = paper.book()
        assert {price: lots for price, lots in shown[0].items() if price >= min(bids, default=0)} == bids
        assert {price: lots for price, lots in shown[1].items() if price <= max(asks)} == asks


def test_ticks_are_five_figures_at_the_price_within_the_assets_decimals() -> None:
    scale = 10**8
    assert tick_of(95_000 * scale, 1) == scale
    assert tick_of(3_300 * scale, 2) == scale // 10
    assert tick_of(180 * scale, 4) == scale // 100
    assert tick_of(1_200_000, 6) == 100
    assert fits(95_000 * scale, scale)
    assert not fits(95_000 * scale + 1, scale)

from __future__ import annotations

from typing import NamedTuple

import pytest
from engine_world import ACME, World, only, trades
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.auction import clearing
from engine.book import OrderBook
from engine.commands import NewOrder, SetInstrumentStatus
from engine.events import AuctionIndication, InstrumentStatusChanged, OrderFilled, Trade
from engine.matching import MatchingEngine
from engine.oms import OrderManagementSystem
from engine.types import InstrumentStatus, Liquidity, Side


class Entry(NamedTuple):
    side: Side
    price: int
    lots: int


entries = st.lists(
    st.builds(Entry, st.sampled_from(Side), st.integers(90, 110), st.integers(1, 20)), min_size=1, max_size=12
)


def book_of(orders: list[Entry]) -> OrderBook:
    engine = MatchingEngine()
    for number, entry in enumerate(orders, 1):
        engine.rest(number, number, entry.price if entry.side is Side.BUY else -entry.price, entry.lots)
    return engine.book


def executable(orders: list[Entry], price: int) -> tuple[int, int]:
    """Lots that would trade at a price, and the surplus of buyers there."""
    wanted = sum(entry.lots for entry in orders if entry.side is Side.BUY and entry.price >= price)
    offered = sum(entry.lots for entry in orders if entry.side is Side.SELL and entry.price <= price)
    return min(wanted, offered), wanted - offered


@given(orders=entries, reference=st.integers(85, 115))
def test_no_price_would_trade_more_and_no_limit_of_the_book_leave_less(orders: list[Entry], reference: int) -> None:
    found = clearing(book_of(orders), reference, {})
    everywhere = {price: executable(orders, price) for price in range(85, 116)}
    if found is None:
        assert all(lots == 0 for lots, _ in everywhere.values())
        return
    price, lots = found
    assert lots == everywhere[price][0] == max(lots for lots, _ in everywhere.values())
    at_limits = [everywhere[entry.price] for entry in orders]
    assert abs(everywhere[price][1]) <= min(abs(surplus) for most, surplus in at_limits if most == lots)


@given(orders=entries)
@settings(deadline=None)
def test_an_uncross_trades_all_it_promised_at_one_price_and_leaves_the_book_uncrossed(orders: list[Entry]) -> None:
    world = World("")
    for number in range(len(orders)):
        world.open(f"trader-{number}")
    world.do(SetInstrumentStatus(symbol_id=ACME, status=InstrumentStatus.AUCTION))
    indication = AuctionIndication(symbol_id=ACME, price=None, qty=0)
    for number, entry in enumerate(orders):
        events = world.order(f"trader-{number}", entry.side, entry.lots, entry.price)
        indication = next(iter(only(AuctionIndication, events)), indication)
    events = world.do(SetInstrumentStatus(symbol_id=ACME, status=InstrumentStatus.OPEN))
    assert sum(lots for lots, _ in trades(events)) == indication.qty
    assert {price for _, price in trades(events)} <= {indication.price}
    for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
        filled = {fill.order_id: fill.leaves_qty for fill in only(OrderFilled, events) if fill.side is side}
        queue = sorted((sign * e.price, n) for n, e in enumerate(orders, 1) if e.side is side)
        ahead = [n for _, n in queue[: len(filled)]]
        assert sorted(ahead) == sorted(filled), "someone was overtaken"
        assert all(filled[n] == 0 for n in ahead[:-1])


def test_the_auction_trades_before_the_phase_changes_and_names_no_aggressor() -> None:
    world = World()
    world.do(SetInstrumentStatus(symbol_id=ACME, status=InstrumentStatus.AUCTION))
    world.buy("alice", 1, 100)
    world.sell("bob", 1, 100)
    events = world.do(SetInstrumentStatus(symbol_id=ACME, status=InstrumentStatus.OPEN, reason="opening"))
    kinds = [type(event) for event in events]
    assert kinds.index(Trade) < kinds.index(InstrumentStatusChanged)
    assert [trade.side for trade in only(Trade, events)] == [None]
    assert {fill.liquidity for fill in only(OrderFilled, events)} == {Liquidity.AUCTION}


def test_an_indication_is_published_only_when_it_changes() -> None:
    world = World()
    world.do(SetInstrumentStatus(symbol_id=ACME, status=InstrumentStatus.AUCTION))
    assert only(AuctionIndication, world.buy("alice", 1, 100)) == []
    assert only(AuctionIndication, world.sell("bob", 1, 100)) == [AuctionIndication(symbol_id=ACME, price=100, qty=1)]
    assert only(AuctionIndication, world.buy("alice", 1, 90)) == []


@pytest.mark.parametrize("between", [InstrumentStatus.AUCTION, InstrumentStatus.HALTED])
def test_an_auction_begun_with_a_crossed_book_is_the_same_after_a_restart(between: InstrumentStatus) -> None:
    world = World()
    world.do(SetInstrumentStatus(symbol_id=ACME, status=InstrumentStatus.AUCTION))
    world.buy("alice", 5, 105)
    world.sell("bob", 5, 95)
    for status in (between, InstrumentStatus.AUCTION):
        world.do(SetInstrumentStatus(symbol_id=ACME, status=status))
    again = OrderManagementSystem()
    again.restore(world.oms.snapshot_state())
    assert again.state_hash() == world.oms.state_hash()
    command = NewOrder(account="bob", symbol_id=ACME, side=Side.BUY, qty=1, price=96)
    assert again.submit(command, 0) == world.do(command)

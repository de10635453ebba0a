"""Whatever is broken by hand in the state of an exchange, ``check`` sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
import pytest
from engine_world import ACME, DAY, GTD, SECOND, World

from engine.commands import MassQuote, PublishNews, Quote, SetCancelAfter
from engine.exchange import Exchange
from engine.instruments import FeeSchedule
from engine.invariants import InvariantError
from engine.ledger import Account, Position
from engine.market import Market
from engine.types import OrderType
from engine.working_order import WorkingOrder

Breakage: TypeAlias = Callable[[Exchange], Any]


def busy_exchange() -> World:
    """Alice has sold 2 to Bob and offers more behind an iceberg; Bob bids, quotes, and waits with stops and timers."""
    halts = {"price_band_ppm": 500_000, "halt_band_ppm": 400_000, "halt_duration_ns": SECOND}
    world = World("alice bob", shares=100, fees=FeeSchedule(100, 1_000), **halts)
    world.sell("alice", 10, 110, display_qty=3)
    world.sell("alice", 5, 110)
    world.buy("bob", 5, 90, tif=GTD, expires_at=50 * SECOND, client_order_id="mine")
    world.buy("bob", 5, 90, tif=DAY)
    world.buy("bob", 2, 110)
    for stop in (140, 145):
        world.buy("bob", 5, type=OrderType.STOP, stop_price=stop)
    world.sell("bob", 5, type=OrderType.STOP, stop_price=80)
    world.sell("bob", 5, 120, reduce_only=True)
    world.do(MassQuote(account="bob", symbol_id=ACME, bids=(Quote(89, 5),)))
    world.do(SetCancelAfter(account="bob", deadline=99 * SECOND))
    world.do(PublishNews(headline="ACME opens a second shop"))
    return world


def market(x: Exchange) -> Market:
    return x.markets[ACME]


def bob(x: Exchange) -> Account:
    return x.ledger.accounts["bob"]


def alice(x: Exchange) -> Account:
    return x.ledger.accounts["alice"]


def held(account: Account) -> Position:
    return account.positions[ACME]


def order(account: Account, place: int = 0) -> WorkingOrder:
    """One of an account's working orders, the oldest being the first."""
    return [*account.orders.values()][place]


def stop(x: Exchange) -> WorkingOrder:
    """The stop that has waited longest."""
    return next(iter(market(x).stops))


def add(thing: Any, **amounts: int) -> None:
    """Make numbers of a thing larger."""
    for name, amount in amounts.items():
        setattr(thing, name, getattr(thing, name) + amount)


def hold(order: WorkingOrder, each: int) -> None:
    """Let an order hold something else back, and all sums agree with it."""
    lots = order.leaves
    order.reserve(-lots)
    order.hold = each
    order.reserve(lots)


def move_cash(x: Exchange) -> None:
    add(bob(x), cash=-1)
    add(alice(x), cash=1)


def move_a_share(x: Exchange) -> None:
    add(held(alice(x)), qty=-1)
    add(held(bob(x)), qty=1)


def move_fees(x: Exchange) -> None:
    for account, fee in ((bob(x), -1), (alice(x), 1)):
        add(account, fees_paid=fee, cash=-fee)


def swap_places(x: Exchange) -> None:
    ids = market(x).engine.book.ids
    first, second = order(bob(x), 0).slot, order(bob(x), 1).slot
    ids[first], ids[second] = ids[second], ids[first]


def leave_an_order_in_the_book(x: Exchange) -> None:
    gone = order(bob(x), 1)
    gone.reserve(-gone.leaves)
    x.leave(gone)


def miscount_a_level(x: Exchange) -> None:
    book = market(x).engine.book
    book.lots[book.level_of[order(bob(x)).slot]] += 1


def answer_with_another_order(x: Exchange) -> None:
    bob(x).answers["mine"] = msgspec.structs.replace(bob(x).answers["mine"], order_id=1)


def wait_at_a_price_that_was_reached(x: Exchange) -> None:
    late = stop(x)
    market(x).stops.remove(late)
    market(x).stops.add(late, 105)


def close_a_candle_twice(x: Exchange) -> None:
    candles = market(x).data.candles
    candles.closed[0].extend(candles.newest(SECOND, 1))


LEDGER: dict[str, Breakage] = {
    "cash appears": lambda x: add(bob(x), cash=1),
    "cash moves to another account": move_cash,
    "an account forgets what it began with": lambda x: setattr(bob(x), "initial_cash", 0),
    "an account began with more": lambda x: add(bob(x), initial_equity=1),
    "a share appears": lambda x: add(held(bob(x)), qty=1),
    "a share moves to another account": move_a_share,
    "a position's cost is wrong": lambda x: add(held(bob(x)), cost=5),
    "a position's profit is wrong": lambda x: add(held(bob(x)), realized_pnl=5),
    "fees appear": lambda x: add(bob(x), fees_paid=7),
    "fees are another account's": move_fees,
    "a fill is lost": lambda x: bob(x).fills.pop(),
    "more is held back than needed": lambda x: add(held(bob(x)), need=1),
    "more is at stake": lambda x: add(bob(x), at_stake=1),
    "an account is closed with working orders": lambda x: setattr(bob(x), "closed", True),
    "an account is filed under another's id": lambda x: x.ledger.accounts.update(alice=bob(x)),
    "a client order id is lost": lambda x: bob(x).by_client_id.clear(),
    "a client order id names another order": lambda x: bob(x).by_client_id.update(mine=order(bob(x), 1)),
    "an answer names another order": answer_with_another_order,
    "an answer is lost": lambda x: bob(x).answers.clear(),
    "a quote is lost": lambda x: held(bob(x)).quotes.clear(),
    "a reduce-only order is lost": lambda x: held(bob(x)).guarded.clear(),
}
ORDERS: dict[str, Breakage] = {
    "an order holds nothing back": lambda x: hold(order(bob(x)), 0),
    "a sale holds less back than its price": lambda x: hold(order(alice(x)), 1),
    "a stop that waits holds something back": lambda x: setattr(stop(x), "hold", 1),
    "an order has filled more": lambda x: add(order(alice(x)), cum=3, qty=3),
    "an order is larger": lambda x: add(order(alice(x)), qty=3),
    "two orders swap places": swap_places,
    "an order is on the other side": lambda x: setattr(order(bob(x)), "key", -90),
    "an order left, but not the book": leave_an_order_in_the_book,
    "an order is lost": lambda x: x.orders.popitem(),
    "an iceberg loses a hidden lot": lambda x: market(x).engine.book.reduce_hidden(order(alice(x)).slot, 1),
    "an iceberg's tranches are larger": lambda x: add(order(alice(x)), display=1),
    "an order id would be given twice": lambda x: setattr(x, "next_order_id", 1),
    "a trade id would be given twice": lambda x: setattr(x, "next_trade_id", 1),
    "a news id would be given twice": lambda x: setattr(x, "next_news_id", 1),
    "a symbol id would be given twice": lambda x: setattr(x, "next_symbol_id", 1),
}
WAITING: dict[str, Breakage] = {
    "a stop is lost": lambda x: market(x).stops.remove(stop(x)),
    "a stop waits for another price than it says": lambda x: setattr(stop(x), "stop_price", 150),
    "a stop's price was reached": wait_at_a_price_that_was_reached,
    "a trade was not told to the stops": lambda x: market(x).stops.traded(110, 110),
    "an expiry is lost": lambda x: x.timers.keep_order(50 * SECOND, order(bob(x)).order_id),
    "an expiry is for no order": lambda x: x.timers.expire_order(60 * SECOND, 77),
    "a dead man's switch is lost": lambda x: x.timers.disarm_account(99 * SECOND, "bob"),
    "the end of a halt is for none": lambda x: x.timers.end_halt(60 * SECOND, ACME),
    "the next deadline is wrong": lambda x: setattr(x.timers, "next", None),
}
MARKET: dict[str, Breakage] = {
    "the mark is wrong": lambda x: market(x).move_to(109),
    "nothing has traded": lambda x: setattr(market(x), "traded", False),
    "the band is wrong": lambda x: setattr(market(x), "highest", 111),
    "the halt band is wrong": lambda x: setattr(market(x), "halt_low", 59),
    "the fee is wrong": lambda x: setattr(market(x), "taker_ppm", 0),
    "a level's lots are wrong": miscount_a_level,
    "published depth is lost": lambda x: market(x).published.clear(),
    "a change was not published": lambda x: x.touch(market(x), 90),
    "a trade is lost from the tape": lambda x: market(x).data.tape.clear(),
    "a candle's volume is wrong": lambda x: add(market(x).data.candles.current, volume=1),
    "a candle is closed twice": close_a_candle_twice,
}
BREAKAGES = LEDGER | ORDERS | WAITING | MARKET


@pytest.mark.parametrize("what", BREAKAGES)
def test_what_is_broken_is_seen(what: str) -> None:
    world = busy_exchange()
    BREAKAGES[what](world.oms._exchange)
    with pytest.raises(InvariantError):
        world.oms.check()

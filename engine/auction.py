"""Call auctions: where orders collected without matching would trade, and the uncross that trades them.

The auction price is found as Xetra does ("T7 Market Model Equities", price determination in auctions):

1. of the limits in the book, the price at which most lots trade;
2. among these, the one that leaves the smallest surplus;
3. among these, the highest if buyers are left over at all of them, the lowest if sellers are;
4. otherwise the reference price, or the end of the remaining range that is nearest to it.

Everybody trades at that one price, best price first, then oldest first; icebergs count with all their lots, reduce-only
orders with what is left to reduce when their turn comes. An auction takes no fees, as nobody in it is maker or taker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from engine.book import BookSide, OrderBook
from engine.events import InstrumentStatusChanged
from engine.exchange import Exchange
from engine.market import Market
from engine.reducing import curtailed, trim
from engine.settlement import book_trade, fill, gone
from engine.types import InstrumentStatus, Liquidity

Clearing: TypeAlias = tuple[int, int]
"""Price in ticks and lots that trade there."""


def clearing(book: OrderBook, reference: int, sizes: Mapping[int, int]) -> Clearing | None:
    """Where the book would uncross; None when nothing crosses. O(orders in the crossing range).

    Args:
        sizes: lots, by slot, of orders that count with fewer than they have open.
    """
    bid_key, ask_key = book.bids.best, book.asks.best
    if not bid_key or not ask_key or bid_key + ask_key < 0:
        return None
    demand = _lots(book, book.bids, ask_key, sizes)
    supply = _lots(book, book.asks, bid_key, sizes)
    limits = sorted({*demand, *supply})
    wanted = sum(demand.values())
    offered = 0
    found: list[tuple[int, int, int]] = []
    for price in limits:
        offered += supply.get(price, 0)
        found.append((min(wanted, offered), wanted - offered, price))
        wanted -= demand.get(price, 0)
    most = max(lots for lots, _, _ in found)
    least = min(abs(surplus) for lots, surplus, _ in found if lots == most)
    best = [(surplus, price) for lots, surplus, price in found if lots == most and abs(surplus) == least]
    lowest, highest = best[0][1], best[-1][1]
    if all(surplus > 0 for surplus, _ in best):
        return highest, most
    if all(surplus < 0 for surplus, _ in best):
        return lowest, most
    return min(max(reference, lowest), highest), most


def _lots(book: OrderBook, side: BookSide, limit_key: int, sizes: Mapping[int, int]) -> dict[int, int]:
    """Lots by price, hidden ones included, of the orders that cross the other side's best price."""
    lots: dict[int, int] = {}
    for level in book.best_first(side):
        if book.key_of[level] + limit_key < 0:
            break
        count = sum([sizes[slot] if slot in sizes else book.open_lots(slot) for slot in book.queue(level)])
        if count:
            lots[book.price(level)] = count
    return lots


def indicate(x: Exchange, market: Market) -> Clearing | None:
    """What would trade, and where, if an auction ended now."""
    return clearing(market.engine.book, market.mark, curtailed(x, market))


def enter(x: Exchange, market: Market, status: InstrumentStatus, reason: str) -> None:
    """Take a market into a trading phase; opening it uncrosses what has been collected, and opens no open one again."""
    if status is market.status is InstrumentStatus.OPEN:
        return
    if market.halted_until is not None:
        x.timers.keep_halt(market.halted_until, market.symbol_id)
        market.halted_until = None
    if status is InstrumentStatus.OPEN:
        _uncross(x, market)
        market.stops.traded(market.mark, market.mark)
        x.pending[market] = None
    market.indication = None
    market.status = status
    x.events.append(InstrumentStatusChanged(symbol_id=market.symbol_id, status=status, reason=reason))
    best = market.engine.book.bids.best
    if status is InstrumentStatus.AUCTION and best:
        x.touch(market, best)  # what has been collected before may cross: the command ends with an indication


def enter_for(x: Exchange, market: Market, duration_ns: int, reason: str) -> None:
    """Start an auction that ends by itself."""
    enter(x, market, InstrumentStatus.AUCTION, reason)
    market.halted_until = x.now + duration_ns
    x.timers.end_halt(market.halted_until, market.symbol_id)


def interrupt(x: Exchange, market: Market) -> None:
    """Start a volatility halt."""
    enter_for(x, market, market.instrument.halt_duration_ns, "volatility")


def resume(x: Exchange, market: Market) -> None:
    """End an auction whose time is over."""
    market.halted_until = None
    enter(x, market, InstrumentStatus.OPEN, "auction over")


def _uncross(x: Exchange, market: Market) -> None:
    """Trade what crosses, at one price; later volatility is measured from there."""
    engine = market.engine
    sizes = curtailed(x, market)
    found = clearing(engine.book, market.mark, sizes)
    while found is not None:
        _settle(x, market, found[0], engine.uncross(found[0], sizes))
        paused = engine.paused
        if not paused:
            break
        trim(x, x.orders[engine.book.ids[paused]], sizes.pop(paused))
    market.refer_to(market.mark)


def _settle(x: Exchange, market: Market, price: int, pairs: list[tuple[int, int, int]]) -> None:
    """Book the trades of an uncross: ids of buyer and seller, and lots."""
    for bid_id, ask_id, lots in pairs:
        trade = book_trade(x, market, price, lots, None)
        for order in (x.orders[bid_id], x.orders[ask_id]):
            x.touch(market, order.key)
            fill(x, order, trade, Liquidity.AUCTION, 0)
            if order.cum == order.qty:
                gone(x, order)

"""Call auctions: where orders collected without matching would trade, and the uncross that trades them.

The auction price is found as Xetra does ("T7 Market Model Equities", price determination in auctions):

1. of the limits in the book, the price at which most lots trade;
2. among these, the one that leaves the smallest surplus;
3. among these, the highest if buyers are left over at all of them, the lowest if sellers are;
4. otherwise the reference price, or the end of the remaining range that is nearest to it.

Everybody trades at that one price, best price first, then oldest first; icebergs count with all their lots. An auction
takes no fees, as nobody in it is maker or taker.
"""

from __future__ import annotations

from typing import TypeAlias

from engine.book import BookSide, OrderBook
from engine.events import InstrumentStatusChanged
from engine.exchange import Exchange
from engine.market import Market
from engine.reducing import reducible, trim
from engine.settlement import book_trade, fill, gone
from engine.types import InstrumentStatus, Liquidity, Side
from engine.working_order import WorkingOrder

Clearing: TypeAlias = tuple[int, int]
"""Price in ticks and lots that trade there."""


def clearing(book: OrderBook, reference: int) -> Clearing | None:
    """Where the book would uncross; None when nothing crosses. O(orders in the crossing range)."""
    bid_key, ask_key = book.bids.best, book.asks.best
    if not bid_key or not ask_key or bid_key + ask_key < 0:
        return None
    demand = _lots(book, book.bids, ask_key)
    supply = _lots(book, book.asks, bid_key)
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


def _lots(book: OrderBook, side: BookSide, limit_key: int) -> dict[int, int]:
    """Lots by price, hidden ones included, of the orders that cross the other side's best price."""
    lots: dict[int, int] = {}
    for level in book.best_first(side):
        if book.key_of[level] + limit_key < 0:
            break
        lots[book.price(level)] = sum([book.open_lots(slot) for slot in book.queue(level)])
    return lots


def enter(x: Exchange, market: Market, status: InstrumentStatus, reason: str) -> None:
    """Take a market into a trading phase; opening it uncrosses what has been collected."""
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


def interrupt(x: Exchange, market: Market) -> None:
    """Start a volatility halt: an auction that ends by itself."""
    enter(x, market, InstrumentStatus.AUCTION, "volatility")
    market.halted_until = x.now + market.instrument.halt_duration_ns
    x.timers.end_halt(market.halted_until, market.symbol_id)


def resume(x: Exchange, market: Market) -> None:
    """End a volatility halt whose time is over."""
    market.halted_until = None
    enter(x, market, InstrumentStatus.OPEN, "volatility halt over")


def _uncross(x: Exchange, market: Market) -> None:
    """Trade what crosses, at one price; later volatility is measured from there."""
    _trim_reducing(x, market)
    found = clearing(market.engine.book, market.mark)
    if found is not None:
        price = found[0]
        for bid_id, ask_id, lots in market.engine.uncross(price):
            trade = book_trade(x, market, price, lots, None)
            for order in (x.orders[bid_id], x.orders[ask_id]):
                x.touch(market, order.key)
                fill(x, order, trade, Liquidity.AUCTION, 0)
                if order.cum == order.qty:
                    gone(x, order)
    market.refer_to(market.mark)


def _trim_reducing(x: Exchange, market: Market) -> None:
    """Cut reduce-only orders to what reduces whatever else of the account trades: an uncross cannot stop for them."""
    symbol_id = market.symbol_id
    for account in x.ledger.numbered:
        position = account.positions.get(symbol_id)
        if position is None or not position.guarded:
            continue
        for side, others in ((Side.BUY, position.buy_qty), (Side.SELL, position.sell_qty)):
            free = reducible(position, side) - others
            for order in sorted(position.guarded.values(), key=_age):
                if order.entry.side is side:
                    trim(x, order, free)
                    free -= order.leaves if order.slot else 0


def _age(order: WorkingOrder) -> int:
    return order.order_id

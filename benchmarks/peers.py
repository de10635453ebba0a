"""Other matching engines that pip can install, each behind the same three lines, as far as they are installed.

Each is given the operations of a workload through plain calls of its own, and what it traded is compared with the
reference afterwards: one that trades wrongly has no figure. A peer without immediate-or-cancel orders places and
cancels; peers without in-place changes sit the ``modify`` variant out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple, Protocol

from benchmarks.workload import ADD, BUY, CANCEL, IOC, MARKET, REDUCE, Fill, Op


class Peer(Protocol):
    """One engine with an empty book."""

    def run(self, ops: list[Op]) -> None:
        """Apply operations in order."""

    def fills(self) -> list[Fill]:
        """All trades so far."""


class Bourse:
    """``bourse``: a market simulator in Rust. Its time priority is that of the clock its user sets."""

    def __init__(self) -> None:
        self.book = importlib.import_module("bourse").core.OrderBook(0, 1, True)
        self.numbers: dict[int, int] = {}
        self.time = 0

    def run(self, ops: list[Op]) -> None:
        book, numbers = self.book, self.numbers
        set_time, place, cancel, modify = book.set_time, book.place_order, book.cancel_order, book.modify_order
        for time, (kind, order_id, sign, price, qty) in enumerate(ops, self.time):
            if kind == CANCEL:
                cancel(numbers[order_id])
            elif kind == REDUCE:
                modify(numbers[order_id], None, qty)
            else:
                set_time(time)
                if kind == ADD:
                    numbers[order_id] = place(sign == BUY, qty, 0, price)
                elif kind == MARKET:
                    numbers[order_id] = place(sign == BUY, qty, 0)
                elif kind == IOC:
                    numbers[order_id] = place(sign == BUY, qty, 0, price)
                    cancel(numbers[order_id])
                else:
                    modify(numbers[order_id], price, qty)
        self.time += len(ops)

    def fills(self) -> list[Fill]:
        names = {number: order_id for order_id, number in self.numbers.items()}
        return [
            Fill(names[taker], names[maker], price, qty) for _, _, price, qty, taker, maker in self.book.get_trades()
        ]


class OrderbookPackage:
    """``akhil4n-orderbook`` (pure Python) and ``cython-orderbook`` (the same, compiled)."""

    def __init__(self, module: str, market: str) -> None:
        self.module = importlib.import_module(module)
        self.market = getattr(self.module, market)
        self.book = self.module.OrderBook()
        self.placed: dict[int, Any] = {}

    def run(self, ops: list[Op]) -> None:
        book, order_class, market_class, placed = self.book, self.module.Order, self.market, self.placed
        bid, ask = self.module.OrderSide.BID, self.module.OrderSide.ASK
        for kind, order_id, sign, price, qty in ops:
            if kind == CANCEL:
                book.cancel_order(placed[order_id].order_id)
            elif kind == MARKET:
                order = placed[order_id] = market_class(side=bid if sign == BUY else ask, original_quantity=qty)
                book.add_market_order(order)
            else:
                order = placed[order_id] = order_class(
                    side=bid if sign == BUY else ask, price=price, original_quantity=qty
                )
                book.add_limit_order(order)
                if kind == IOC:
                    book.cancel_order(order.order_id)

    def fills(self) -> list[Fill]:
        names = {order.order_id: order_id for order_id, order in self.placed.items()}
        return [
            Fill(names[t.aggressor_id], names[t.filler_id], int(t.price), t.quantity_filled)
            for t in self.book.trade_log
        ]


class OrderlyChaos:
    """``orderly-chaos``: C++ through ctypes."""

    def __init__(self) -> None:
        module = importlib.import_module("orderly_chaos")
        self.sides = {1: module.Side.BUY, -1: module.Side.SELL}
        self.unknown = module.UnknownOrderIdError
        self.trades: list[Any] = []
        self.book = module.LimitOrderBook(on_trade=self.trades.append)

    def run(self, ops: list[Op]) -> None:
        limit, market, cancel = self.book.limit, self.book.market, self.book.cancel
        sides = self.sides
        for kind, order_id, sign, price, qty in ops:
            if kind == ADD:
                limit(sides[sign], order_id, qty, price)
            elif kind == CANCEL:
                cancel(order_id)
            elif kind == MARKET:
                market(sides[sign], order_id, qty)
            elif limit(sides[sign], order_id, qty, price) < qty:
                cancel(order_id)

    def fills(self) -> list[Fill]:
        return [Fill(t.taker_id, t.maker_id, t.price, t.quantity) for t in self.trades]


class LightMatchingEngine:
    """``lightmatchingengine``: pure Python; it has one dict of prices a side and ``min`` for the best."""

    def __init__(self) -> None:
        self.engine = importlib.import_module("lightmatchingengine.lightmatchingengine").LightMatchingEngine()
        self.numbers: dict[int, int] = {}
        self.trades: list[Any] = []

    def run(self, ops: list[Op]) -> None:
        add, cancel, numbers = self.engine.add_order, self.engine.cancel_order, self.numbers
        for kind, order_id, sign, price, qty in ops:
            if kind == CANCEL:
                cancel(numbers[order_id], "X")
                continue
            order, trades = add("X", price, qty, 1 if sign == BUY else 2)
            numbers[order_id] = order.order_id
            self.trades += trades
            if kind != ADD and order.leaves_qty:
                cancel(order.order_id, "X")

    def fills(self) -> list[Fill]:
        names = {number: order_id for order_id, number in self.numbers.items()}
        fills: list[Fill] = []
        taker, left = 0, 0
        for trade in self.trades:
            if not left:  # the aggressor's side of a level comes first, then its makers
                taker, left = names[trade.order_id], trade.trade_qty
                continue
            fills.append(Fill(taker, names[trade.order_id], trade.trade_price, trade.trade_qty))
            left -= trade.trade_qty
        return fills


class PeerKind(NamedTuple):
    """A peer by the name it has on PyPI."""

    package: str
    written_in: str
    make: Callable[[], Peer]
    changes: bool = False
    """Whether it can change orders in place."""


PEERS: Final = (
    PeerKind("bourse", "Rust", Bourse, changes=True),
    PeerKind("orderly-chaos", "C++", OrderlyChaos),
    PeerKind("cython-orderbook", "Cython", lambda: OrderbookPackage("cython_orderbook.orderbook", "Order")),
    PeerKind("akhil4n-orderbook", "Python", lambda: OrderbookPackage("orderbook", "MarketOrder")),
    PeerKind("lightmatchingengine", "Python", LightMatchingEngine),
)


def installed() -> list[tuple[PeerKind, str]]:
    """The peers that are installed here, with their versions."""
    found = []
    for peer in PEERS:
        try:
            found.append((peer, version(peer.package)))
        except PackageNotFoundError:
            continue
    return found

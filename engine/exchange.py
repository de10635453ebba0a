"""The exchange's whole mutable state, and the few steps that every command is made of.

The modules that say what commands do (``placing``, ``replacing``, ``settlement`` …) are functions on this one object;
``oms`` is the door in front of them.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from engine.events import AnyEvent, OrderCanceled, OrderReplaced
from engine.invariants import ensure
from engine.ledger import Ledger, Position
from engine.market import Market
from engine.service import NewsView
from engine.timers import Timers
from engine.types import CancelReason, RejectCode, SymbolId
from engine.working_order import WorkingOrder

Refusal: TypeAlias = tuple[RejectCode, str, str | None]
"""Why a command is refused: code, message, and the field that is to blame."""

NEWS_KEPT = 500


class Exchange:
    """Markets, ledger, working orders, and the events of the running command."""

    __slots__ = (
        "changed",
        "delisted",
        "events",
        "ledger",
        "markets",
        "news",
        "next_news_id",
        "next_order_id",
        "next_symbol_id",
        "next_trade_id",
        "now",
        "orders",
        "pending",
        "timers",
        "touched",
    )

    def __init__(self) -> None:
        self.now = 0
        """Time of the last accepted command."""
        self.events: list[AnyEvent] = []
        self.ledger = Ledger()
        self.markets: dict[SymbolId, Market] = {}
        self.delisted: dict[SymbolId, Market] = {}
        """Removed markets, in which accounts may still hold positions."""
        self.orders: dict[int, WorkingOrder] = {}
        """All working orders by id."""
        self.timers = Timers()
        self.touched: list[Market] = []
        """Markets whose book the running command may have changed, each once."""
        self.pending: dict[Market, None] = {}
        """Markets whose stops the running command may have triggered."""
        self.changed: dict[Position, None] = {}
        """Positions with reduce-only orders that the running command has changed."""
        self.news: deque[NewsView] = deque(maxlen=NEWS_KEPT)
        self.next_order_id = 1
        self.next_trade_id = 1
        self.next_news_id = 1
        self.next_symbol_id = 1

    def touch(self, market: Market, key: int) -> None:
        """Remember that a level may look different after this command."""
        if not market.touched:
            self.touched.append(market)
        market.touched.append(key)

    def enter(self, order: WorkingOrder) -> None:
        """Count an order among the working ones."""
        account = order.position.account
        entry = order.entry
        self.orders[order.order_id] = order
        account.orders[order.order_id] = order
        if entry.client_order_id is not None:
            account.by_client_id[entry.client_order_id] = order
        if entry.expires_at is not None:
            self.timers.expire_order(entry.expires_at, order.order_id)

    def leave(self, order: WorkingOrder) -> None:
        """The reverse of ``enter``."""
        position = order.position
        account = position.account
        entry = order.entry
        del self.orders[order.order_id]
        del account.orders[order.order_id]
        if entry.client_order_id is not None:
            del account.by_client_id[entry.client_order_id]
        if entry.expires_at is not None:
            self.timers.keep_order(entry.expires_at, order.order_id)
        if order.quote:
            del position.quotes[order.key]

    def wait(self, order: WorkingOrder, stop_price: int) -> None:
        """Let a stop wait; if its price has been reached already, it is triggered at the end of this command."""
        market = order.position.market
        order.waiting = True
        market.stops.add(order, stop_price)
        market.stops.traded(market.mark, market.mark)
        self.pending[market] = None

    def rest(self, order: WorkingOrder) -> None:
        """Put an order, whose lots are reserved, into its book."""
        position = order.position
        market, owner, leaves = position.market, position.account.number, order.qty - order.cum
        if order.guarded or order.display:
            order.slot = market.engine.rest(
                order.order_id, owner, order.key, leaves, order.display, guarded=order.guarded
            )
        else:
            order.slot = market.engine.book.add(order.order_id, owner, order.key, leaves)
        if order.guarded:
            position.guarded[order.order_id] = order
        self.touch(market, order.key)

    def take_out(self, order: WorkingOrder) -> None:
        """Take an order out of its book; what is held back for it stays so."""
        market = order.position.market
        market.engine.book.remove(order.slot)
        order.slot = 0
        self.touch(market, order.key)

    def lift(self, order: WorkingOrder) -> None:
        """Take an order out of its book and hold nothing back for it."""
        order.reserve(order.cum - order.qty)
        if order.guarded:
            del order.position.guarded[order.order_id]
        self.take_out(order)

    def canceled(self, order: WorkingOrder, reason: CancelReason) -> None:
        """Say that an order left unfilled."""
        entry = order.entry
        self.events.append(
            OrderCanceled(
                order_id=order.order_id,
                account=entry.account,
                symbol_id=entry.symbol_id,
                side=entry.side,
                leaves_qty=order.qty - order.cum,
                cum_qty=order.cum,
                reason=reason,
                price=order.price,
                client_order_id=entry.client_order_id,
            )
        )

    def replaced(self, order: WorkingOrder, *, priority_kept: bool) -> None:
        """Say that an order's price or quantity changed."""
        entry = order.entry
        self.events.append(
            OrderReplaced(
                order_id=order.order_id,
                account=entry.account,
                symbol_id=entry.symbol_id,
                side=entry.side,
                price=order.price,
                leaves_qty=order.qty - order.cum,
                cum_qty=order.cum,
                priority_kept=priority_kept,
                stop_price=order.stop_price,
                client_order_id=entry.client_order_id,
            )
        )

    def cancel(self, order: WorkingOrder, reason: CancelReason) -> None:
        """Take a working order off the market."""
        if order.waiting:
            order.position.market.stops.remove(order)
        else:
            self.lift(order)
        self.leave(order)
        self.canceled(order, reason)

    def check(self) -> None:
        """Raise InvariantError unless, between two commands, every invariant of the whole state holds."""
        ensure(not self.touched and not self.pending and not self.changed, "a command left something undone")
        for market in self.markets.values():
            market.check()
        self.ledger.check()
        working = {order.order_id: order for account in self.ledger.numbered for order in account.orders.values()}
        ensure(working == self.orders, "accounts and exchange disagree about what is working")
        for order in working.values():
            order.check()
        for symbol_id, market in self.markets.items():
            self._check_places(symbol_id, market)
        self._check_timers()
        self._check_numbers()

    def _check_places(self, symbol_id: SymbolId, market: Market) -> None:
        """Whether a market has just the working orders of its instrument."""
        ensure(market.symbol_id == symbol_id, "a market is filed under another's id")
        orders = [order for order in self.orders.values() if order.entry.symbol_id == symbol_id]
        ensure(all(order.position.market is market for order in orders), "an order is in another market")
        waiting = {order.order_id: order for order in orders if order.waiting}
        ensure({order.order_id: order for order in market.stops} == waiting, "a stop waits nowhere")
        resting = sum(level.orders for level in market.published.values())
        ensure(resting == len(orders) - len(waiting), "an order in the book is nobody's")

    def _check_timers(self) -> None:
        expiries = [(order.entry.expires_at, order.order_id) for order in self.orders.values()]
        switches = [(account.cancel_after, account.id) for account in self.ledger.numbered]
        halts = [(market.halted_until, symbol_id) for symbol_id, market in self.markets.items()]
        self.timers.check(
            [(deadline, order_id) for deadline, order_id in expiries if deadline is not None],
            [(deadline, account) for deadline, account in switches if deadline is not None],
            [(deadline, symbol_id) for deadline, symbol_id in halts if deadline is not None],
        )

    def _check_numbers(self) -> None:
        """Whether the numbers to give next were never given before."""
        ensure(max(self.orders, default=0) < self.next_order_id, "an order id would be given twice")
        tapes = [market.data.tape for market in self.markets.values()]
        trade_id = max([tape[-1][0].trade_id for tape in tapes if tape], default=0)
        ensure(trade_id < self.next_trade_id, "a trade id would be given twice")
        symbol_id = max([*self.markets, *self.delisted], default=0)
        ensure(symbol_id < self.next_symbol_id, "a symbol id would be given twice")
        ensure(not self.news or self.news[-1].news.news_id < self.next_news_id, "a news id would be given twice")

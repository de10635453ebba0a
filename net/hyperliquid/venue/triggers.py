"""Trigger orders: stops and take-profits that wait outside the book for the mark price.

The mark is the last trade's price. A trigger that fires becomes an order of the engine under the oid it had. Exits of
one bracket wait for their parent's fill, and the first that fills cancels the other. All of it outlives the gateway:
the file of the venue's state has every trigger order that is open, with the bracket it belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from engine.types import Side
from net.errors import TradesimError
from net.hyperliquid.venue.listing import Listed
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.orders import CANCELED, OPEN, TRIGGERED, Order, Tif
from net.hyperliquid.venue.state import KeptTrigger
from net.hyperliquid.venue.users import User
from net.logs import get_logger

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

_log = get_logger(__name__)
SIBLING_FILLED = "siblingFilledCanceled"


class Triggers:
    """Every trigger order that waits, or has fired and works in the engine."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._open: dict[str, dict[int, Order]] = {}
        """By address, then oid: what the state's file has."""
        self._waiting: dict[int, dict[int, tuple[User, Order]]] = {}
        """By symbol, then oid: what did not fire yet."""
        self._asleep: dict[int, list[int]] = {}
        """Oids of the exits that wait for an order's fill, by that order's oid."""
        self._firing: set[asyncio.Task[None]] = set()

    def count(self, user: User) -> int:
        """How many a user has."""
        return len(self._open.get(user.address, ()))

    def add(self, user: User, order: Order) -> None:
        """Let an order wait."""
        user.add(order)
        self._wait(user, order)
        self._changed(user, order)
        self._venue.updated(user, [order])

    def cancel(self, user: User, order: Order, status: str = CANCELED) -> bool:
        """Take a waiting order back; False when it does not wait."""
        if self._waiting.get(order.listed.symbol_id, {}).pop(order.oid, None) is None:
            return False
        self._stand(user, order, status)
        return True

    def cancel_all(self, user: User, status: str) -> None:
        """Take all of a user's waiting orders back."""
        for order in [*user.waiting()]:
            self.cancel(user, order, status)

    def watch(self, market: Market) -> None:
        """Fire whatever the mark of a market has reached."""
        waiting = self._waiting.get(market.listed.symbol_id)
        if not waiting:
            return
        mark = market.mark
        for user, order in [*waiting.values()]:
            if order.parent is None and order.trigger is not None and _reached(order, mark):
                del waiting[order.oid]
                if order.waiting:  # an answer that was lost may have told its place in the engine since
                    self._stand(user, order, TRIGGERED)
                    self._start(self._fire(user, order))

    def follow(self, user: User, orders: list[Order]) -> None:
        """Wake or cancel exits, now that these orders of a user changed."""
        for order in orders:
            if order.oid in self._asleep and not order.open:
                self._wake(user, order.oid, traded=order.filled > 0)
            if order.trigger is None or order.engine_id is None:
                continue
            if order.filled and order.bracket is not None:
                self._cancel_siblings(user, order)
            if not order.open:
                self._keep(user, order)

    def restore(self, user: User, kept: list[KeptTrigger]) -> None:
        """Go on with the orders of the state's file, of which the engine may have some by now."""
        for each in kept:
            listed = self._venue.listing.by_symbol(each.symbol_id)
            if listed is None:
                continue
            order = user.orders.get(each.oid)
            if order is None:
                order = _order(each, listed)
                user.add(order)
            order.trigger, order.bracket = each.terms, each.bracket
            self._open.setdefault(user.address, {})[order.oid] = order
            if order.waiting and order.oid not in self._waiting.get(each.symbol_id, {}):
                order.parent = each.parent
                self._wait(user, order)
        for order in [*self._open.get(user.address, {}).values()]:
            parent = None if order.parent is None else user.orders.get(order.parent)
            if order.parent is not None and (parent is None or not parent.open):
                self._wake(user, order.parent, traded=parent is not None and parent.filled > 0)
            self.follow(user, [order])

    async def close(self) -> None:
        """Let what is being fired finish."""
        await asyncio.gather(*self._firing, return_exceptions=True)

    def _wait(self, user: User, order: Order) -> None:
        self._waiting.setdefault(order.listed.symbol_id, {})[order.oid] = (user, order)
        self._open.setdefault(user.address, {})[order.oid] = order
        if order.parent is not None:
            self._asleep.setdefault(order.parent, []).append(order.oid)

    def _wake(self, user: User, parent: int, *, traded: bool) -> None:
        """An order has ended: its exits begin to wait for the mark, or go with it when it never traded."""
        for oid in self._asleep.pop(parent, ()):
            order = user.orders.get(oid)
            if order is None or not order.waiting:
                continue
            if not traded:
                self.cancel(user, order)
                continue
            order.parent = None
            self._keep(user, order)
            market = self._venue.mirror.markets.get(order.listed.symbol_id)
            if market is not None:
                self.watch(market)

    def _cancel_siblings(self, user: User, filled: Order) -> None:
        for _, order in [*self._waiting.get(filled.listed.symbol_id, {}).values()]:
            if order.bracket == filled.bracket and order.account == filled.account:
                self.cancel(user, order, SIBLING_FILLED)

    async def _fire(self, user: User, order: Order) -> None:
        try:
            await self._venue.placing.fire(user, order)
        except TradesimError as error:
            _log.warning("hyperliquid_trigger_waits_again", oid=order.oid, reason=str(error))
            if order.engine_id is None:
                order.stand(OPEN, self._venue.now_ms())
                self._wait(user, order)
        self._keep(user, order)

    def _start(self, firing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(firing)
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    def _stand(self, user: User, order: Order, status: str) -> None:
        order.stand(status, self._venue.now_ms())
        self._changed(user, order)
        self._venue.updated(user, [order])

    def _changed(self, user: User, order: Order) -> None:
        user.note(order)
        self._keep(user, order)

    def _keep(self, user: User, order: Order) -> None:
        """Write down what is open now that this order changed."""
        own = self._open.setdefault(user.address, {})
        if not (order.open or order.status == TRIGGERED):
            own.pop(order.oid, None)
            self._waiting.get(order.listed.symbol_id, {}).pop(order.oid, None)
        kept = self._venue.store.state.triggers
        kept[user.address] = [_kept(each) for each in own.values()]
        if not own:
            del self._open[user.address], kept[user.address]
        self._venue.store.save()


def _order(kept: KeptTrigger, listed: Listed) -> Order:
    return Order(
        oid=kept.oid,
        account=kept.account,
        listed=listed,
        side=Side.BUY if kept.buy else Side.SELL,
        limit=kept.limit,
        size=kept.size,
        tif=Tif.IOC if kept.terms.is_market else Tif.GTC,
        created=kept.created,
        reduce_only=kept.reduce_only,
        cloid=kept.cloid,
        trigger=kept.terms,
    )


def _reached(order: Order, mark: int) -> bool:
    terms = order.trigger
    if terms is None:
        return False
    return mark >= terms.price if terms.above(order.side) else mark <= terms.price


def _kept(order: Order) -> KeptTrigger:
    assert order.trigger is not None  # noqa: S101 - only trigger orders are kept
    return KeptTrigger(
        oid=order.oid,
        account=order.account,
        symbol_id=order.listed.symbol_id,
        buy=order.side is Side.BUY,
        limit=order.limit,
        size=order.size,
        created=order.created,
        reduce_only=order.reduce_only,
        terms=order.trigger,
        cloid=order.cloid,
        parent=order.parent,
        bracket=order.bracket,
    )

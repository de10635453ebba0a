"""Trigger orders: stops and take-profits that wait outside the book for the mark price.

The mark is the last trade's price. A trigger that fires becomes an order of the engine under the oid it had. Exits of
one bracket wait for their parent's fill, and the first that fills cancels the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from engine.types import Side
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.orders import CANCELED, FILLED, TRIGGERED, Order, Tif
from net.hyperliquid.venue.state import KeptTrigger
from net.hyperliquid.venue.users import User

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

SIBLING_FILLED = "siblingFilledCanceled"


class Triggers:
    """Every trigger order that waits."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._waiting: dict[int, dict[int, tuple[User, Order]]] = {}
        """By symbol, then oid."""
        self._siblings: dict[int, list[int]] = {}
        """Exits by the oid of the order they belong to."""
        self._firing: set[asyncio.Task[None]] = set()

    def add(self, user: User, order: Order, *, siblings: int | None = None) -> Order:
        """Let an order wait; ``siblings`` is the parent's oid of exits of which one cancels the others."""
        self._wait(user, order)
        if siblings is not None:
            order.siblings = self._siblings.setdefault(siblings, [])  # one list, shared by all of them
            order.siblings.append(order.oid)
        user.note(order)
        self._keep(user)
        self._venue.updated(user, [order])
        return order

    def cancel(self, user: User, order: Order, status: str = CANCELED) -> bool:
        """Take a waiting order back; False when it does not wait."""
        if self._waiting.get(order.listed.symbol_id, {}).pop(order.oid, None) is None:
            return False
        order.stand(status, self._venue.now_ms())
        user.note(order)
        self._keep(user)
        self._venue.updated(user, [order])
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
                order.stand(TRIGGERED, self._venue.now_ms())
                user.note(order)
                self._venue.updated(user, [order])
                self._start(self._fire(user, order))

    def follow(self, user: User, orders: list[Order]) -> None:
        """Wake or cancel exits, now that these orders of a user changed."""
        for order in orders:
            if order.trigger is None:
                self._follow_parent(user, order)
            elif order.status == FILLED or (order.filled and order.engine_id is not None):
                for oid in [*order.siblings]:
                    sibling = user.orders.get(oid)
                    if sibling is not None and sibling is not order and sibling.waiting:
                        self.cancel(user, sibling, SIBLING_FILLED)

    def restore(self, user: User, kept: list[KeptTrigger]) -> None:
        """Let the orders of the state's file wait again, those apart that the engine has by now."""
        for each in kept:
            listed = self._venue.listing.by_symbol(each.symbol_id)
            if listed is None or each.oid in user.orders:
                continue
            order = Order(
                oid=each.oid,
                account=each.account,
                listed=listed,
                side=Side.BUY if each.buy else Side.SELL,
                limit=each.limit,
                size=each.size,
                tif=Tif.IOC if each.terms.is_market else Tif.GTC,
                created=each.created,
                reduce_only=each.reduce_only,
                cloid=each.cloid,
                trigger=each.terms,
            )
            order.parent = each.parent
            self._wait(user, order)

    async def close(self) -> None:
        """Let what is being fired finish."""
        await asyncio.gather(*self._firing, return_exceptions=True)

    def _wait(self, user: User, order: Order) -> None:
        user.add(order)
        self._waiting.setdefault(order.listed.symbol_id, {})[order.oid] = (user, order)

    def _follow_parent(self, user: User, parent: Order) -> None:
        for oid in self._siblings.get(parent.oid, ()):
            exit_order = user.orders.get(oid)
            if exit_order is None or not exit_order.waiting or exit_order.parent is None:
                continue
            if parent.status == FILLED:
                exit_order.parent = None
                self._keep(user)
            elif not parent.open and not parent.filled:
                self.cancel(user, exit_order)
            elif not parent.open:
                exit_order.parent = None  # what was bought before the cancel is to be sold still
                self._keep(user)
        if not parent.open:
            self._siblings.pop(parent.oid, None)
        market = self._venue.mirror.markets.get(parent.listed.symbol_id)
        if market is not None:
            self.watch(market)

    async def _fire(self, user: User, order: Order) -> None:
        await self._venue.placing.fire(user, order, order.created)
        self._keep(user)

    def _start(self, firing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(firing)
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    def _keep(self, user: User) -> None:
        """Write down what waits."""
        waiting = [_kept(order) for order in user.waiting() if order.trigger is not None]
        triggers = self._venue.store.state.triggers
        if waiting:
            triggers[user.address] = waiting
        else:
            triggers.pop(user.address, None)
        self._venue.store.save()


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
    )

"""The trading desk: from a key to an order.

SAFE takes two keys for an order (the second is Enter), ARMED one. A marketable order asks for ``y`` in both, unless
``sweep`` is on.
"""

from __future__ import annotations

from engine.types import Side
from tui.dispatch import Dispatch
from tui.guard import Guard, Spawn, Tell
from tui.plans import CONFIRM_S, STAGED_S, Asked, DeskSettings, Grab, Plan, at_market, describe, takes
from tui.view import Clock, OwnOrder, View


class Desk(Guard):
    """All trading of one console."""

    def __init__(self, view: View, clock: Clock, settings: DeskSettings, tell: Tell, spawn: Spawn) -> None:
        super().__init__(view, clock, tell, spawn)
        self.settings = settings
        self._dispatch = Dispatch(self)

    def set_size(self, qty: float) -> None:
        """Size of the next orders."""
        self.settings.size = qty
        self.changed()

    # --- orders

    def order(self, side: Side, ticks: int | None, key: str, post_only: bool = False) -> None:
        """Buy or sell the size at a price, or with None at the market within the band."""
        market = self.view.market
        if market is None or self.held(key):
            return
        plan = Plan(market.instrument.symbol_id, side, self.settings.size, ticks, post_only=post_only)
        self.propose(plan if ticks is not None else at_market(plan, market, self.settings.band), key)

    def propose(self, plan: Plan, key: str = "", *, deliberate: bool = False) -> None:
        """Send, or ask first where the rules say so; a ``deliberate`` order (a typed line) needs no second Enter."""
        refusal = self.refusal()
        market = self.view.markets.get(plan.symbol_id)
        if refusal is None and plan.qty <= 0:
            refusal = "the size is zero"
        if refusal is None and plan.ticks is None:
            refusal = "the other side of the book is empty"
        if refusal is not None or market is None:
            self.refuse(describe(plan, self.view), refusal or "unknown instrument")
            return
        if (plan.kind == "MKT" or takes(plan, market)) and not plan.post_only and not self.settings.sweep:
            self._ask_send(plan, key, "y", f"{describe(plan, self.view)} trades at once", CONFIRM_S)
        elif not self.armed and not deliberate:
            self._ask_send(plan, key, "enter", describe(plan, self.view), STAGED_S)
        else:
            self.spawn(self._dispatch.send(plan))

    def _ask_send(self, plan: Plan, key: str, answer: str, text: str, wait: float) -> None:
        async def confirmed() -> None:
            market = self.view.markets.get(plan.symbol_id)
            refusal = self.refusal()
            if refusal is not None or market is None:
                self.refuse(describe(plan, self.view), refusal or "unknown instrument")
            elif answer == "enter" and not self.settings.sweep and not plan.post_only and takes(plan, market):
                # The market moved while the order waited for its Enter.
                self._ask_send(plan, "enter", "y", f"{describe(plan, self.view)} trades at once now", CONFIRM_S)
            else:
                await self._dispatch.send(plan)

        style = "bid" if plan.side is Side.BUY else "ask"
        self.ask(Asked(text, answer, key, self.clock.mono() + wait, confirmed, style))

    # --- cancels and changes

    def cancel(self, order: OwnOrder) -> None:
        """Cancel one order; asks nothing."""
        if self.may(f"cancel #{order.order_id}", trades=False) and order.order_id is not None:
            self.view.orders.canceling(order.key)
            self.spawn(self._dispatch.cancel(order))

    def cancel_at(self, ticks: int, symbol_id: int | None = None) -> None:
        """Cancel all own orders at a price, of the current instrument or another."""
        symbol_id = self.view.current if symbol_id is None else symbol_id
        orders = [] if symbol_id is None else self.view.orders.at(symbol_id, ticks)
        if not orders:
            self.tell("information", "no own order at this price")
        for order in orders:
            self.cancel(order)

    def cancel_newest(self) -> None:
        """Cancel the newest own order of the instrument."""
        orders = self.view.orders.open_orders(self.view.current)
        if orders:
            self.cancel(orders[0])
        else:
            self.tell("information", "no own order to cancel")

    def cancel_all(self, side: Side | None = None, symbol_id: int | None = None) -> None:
        """Cancel all own orders of an instrument (None: of all), or those of one side."""
        if self.may("cancel all", trades=False):
            self.spawn(self._dispatch.cancel_all(side, symbol_id))

    def start_grab(self, ticks: int) -> None:
        """Take the newest own order at a price in hand, to move it."""
        market = self.view.market
        orders = [] if market is None else self.view.orders.at(market.instrument.symbol_id, ticks)
        orders = [order for order in orders if order.order_id is not None]
        if not orders:
            self.tell("information", "no own order at this price to move")
        elif self.may("amend"):
            self.grab = Grab(orders[0], ticks)
            self.changed()

    def move_grab(self, ticks: int) -> None:
        """Move the order in hand to a price."""
        if self.grab is not None and ticks > 0:
            self.grab = Grab(self.grab.order, ticks)
            self.changed()

    def release_grab(self) -> None:
        """Put the order in hand down where it is now."""
        grab, self.grab = self.grab, None
        self.changed()
        if grab is not None and grab.ticks != grab.order.ticks:
            self.amend(grab.order, grab.ticks, None)

    def amend(self, order: OwnOrder, ticks: int | None, qty: float | None, key: str = "") -> None:
        """Change an order; asks for ``y`` where it would trade at once."""
        market = self.view.markets.get(order.symbol_id)
        if market is None or order.order_id is None or not self.may(f"amend #{order.order_id}"):
            return
        plan = Plan(order.symbol_id, order.side, qty or order.leaves, ticks or order.ticks)
        if takes(plan, market) and not self.settings.sweep:
            text = f"move #{order.order_id}: {describe(plan, self.view)} trades at once"
            self.confirm(text, lambda: self._dispatch.amend(order, ticks, qty), key)
        else:
            self.spawn(self._dispatch.amend(order, ticks, qty))

    def flatten(self, key: str = "F", symbol_id: int | None = None) -> None:
        """Ask, then cancel the instrument's orders and close its position."""
        market = self.view.market if symbol_id is None else self.view.markets.get(symbol_id)
        if market is None or not self.may("flatten"):
            return
        symbol_id = market.instrument.symbol_id
        qty = self.view.portfolio.qty(symbol_id)
        text = f"FLATTEN {market.ticker}: cancel its orders, close {qty:+g}"
        self.confirm(text, lambda: self._dispatch.flatten(symbol_id, self.settings.band), key)

    def kill(self, key: str = "!") -> None:
        """Ask, then cancel everything, close every position and disarm."""
        if self.may("kill", trades=False):
            text = "KILL: cancel all orders, close all positions, disarm"
            self.confirm(text, lambda: self._dispatch.kill(self.settings.band), key, "bad")

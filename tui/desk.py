"""The trading desk: from a key to an order, with everything that keeps a key from being a mistake.

SAFE takes two keys for an order (the second is Enter), ARMED one. A marketable order asks for ``y`` in both, unless
``sweep`` is on. Knows no Textual: the app passes keys and time in and shows what ``tell`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from engine.types import Side, TimeInForce
from net.errors import TradesimError, UnknownOutcome
from net.messages import MassResult, OrderResult, Status
from tui.feed import Feed
from tui.plans import ARMED_S, CONFIRM_S, REPEAT_S, STAGED_S, Asked, DeskSettings, Grab, Plan, describe
from tui.view import Ack, Clock, LinkState, Market, OwnOrder, View, money

Tell = Callable[[str, str], None]
"""Severity (information, warning, error) and text."""
Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Desk:
    """All trading of one console. ``spawn`` runs a coroutine as a task that somebody owns."""

    def __init__(self, view: View, clock: Clock, settings: DeskSettings, tell: Tell, spawn: Spawn) -> None:
        self.view = view
        self.clock = clock
        self.settings = settings
        self.feed: Feed | None = None
        self.too_small = False
        self.armed_until: float | None = None
        self.asked: Asked | None = None
        self.grab: Grab | None = None
        self.version = 0
        self.on_change: Callable[[], None] = lambda: None
        """Called when a question, the size or the badge changed."""
        self.tell = tell
        self._spawn = spawn
        self._last_key: tuple[str, float] = ("", -1e9)

    # --- state

    @property
    def armed(self) -> bool:
        """Whether one key trades."""
        return self.armed_until is not None and self.clock.mono() < self.armed_until

    def refusal(self) -> str | None:
        """Why no order may be sent now; None when one may."""
        if self.view.session.spectator:
            return "spectators do not trade"
        if self.too_small:
            return "the terminal is too small to trade in"
        if self.feed is None or self.view.session.agent_id is None:
            return "no account yet"
        state = self.view.link.state(self.clock.mono())
        if state is not LinkState.LIVE:
            return {"stale": "prices are stale", "down": "not connected"}.get(state.value, "not connected yet")
        return None if self.view.orders.trusted else "own orders are not known yet"

    def arm(self) -> None:
        """Switch between SAFE and ARMED."""
        if self.armed:
            self.disarm("SAFE again")
            return
        refusal = self.refusal()
        if refusal is not None:
            self.tell("warning", f"not armed: {refusal}")
            return
        self.armed_until = self.clock.mono() + ARMED_S
        self._log("order", "ARMED: one key sends an order")
        self._bump()

    def disarm(self, reason: str) -> None:
        """Back to SAFE; says so when it was ARMED."""
        if self.armed_until is not None:
            self.armed_until = None
            self._log("order", f"disarmed: {reason}")
            self.tell("information", f"SAFE: {reason}")
            self._bump()

    def touch(self) -> None:
        """A key was pressed: ARMED lasts on."""
        if self.armed:
            self.armed_until = self.clock.mono() + ARMED_S

    def tick(self) -> None:
        """Let time pass: questions expire, ARMED ends."""
        now = self.clock.mono()
        if self.asked is not None and now >= self.asked.until:
            self.drop("expired")
        if self.armed_until is not None and now >= self.armed_until:
            self.disarm("5 minutes without a key")
        if self.armed_until is not None and self.refusal() is not None:
            self.disarm(self.refusal() or "")

    def held(self, key: str) -> bool:
        """Whether this press of a trading key is only the key being held down."""
        last, at = self._last_key
        now = self.clock.mono()
        self._last_key = (key, now)
        return key == last and now - at < REPEAT_S

    def set_size(self, qty: float) -> None:
        """Size of the next orders."""
        self.settings.size = qty
        self._bump()

    def _bump(self) -> None:
        self.version += 1
        self.on_change()

    # --- questions

    def ask(self, asked: Asked) -> None:
        """Wait for a key."""
        self.asked = asked
        self._bump()

    def drop(self, why: str = "") -> None:
        """Forget the question and the grabbed order."""
        if self.asked is not None and why == "expired":
            self.tell("information", f"dropped: {self.asked.text}")
        if self.asked is not None or self.grab is not None:
            self.asked = self.grab = None
            self._bump()

    def answer(self, key: str) -> bool:
        """Offer a key to the question; True when it was its answer (or only its start key held down)."""
        asked = self.asked
        if asked is None:
            return False
        if key == asked.start_key:
            return self.held(key)
        self.asked = None
        self._bump()
        if key == asked.key:
            self._spawn(asked.do())
            return True
        return key == "escape"

    # --- orders

    def order(self, side: Side, ticks: int | None, key: str, post_only: bool = False) -> None:
        """Buy or sell the size at a price, or with None at the market within the band."""
        market = self.view.market
        if market is None or self.held(key):
            return
        plan = Plan(market.instrument.symbol_id, side, self.settings.size, ticks, post_only=post_only)
        self.propose(plan if ticks is not None else self.at_market(plan, market), key)

    def at_market(self, plan: Plan, market: Market) -> Plan:
        """The plan as a market order: an IOC limit as far as the band allows."""
        best = market.depth.best_ask if plan.side is Side.BUY else market.depth.best_bid
        ticks = None
        if best is not None:
            reach = max(1, round(best * self.settings.band))
            ticks = best + reach if plan.side is Side.BUY else max(1, best - reach)
        return Plan(
            plan.symbol_id, plan.side, plan.qty, ticks, TimeInForce.IOC, reduce_only=plan.reduce_only, kind="MKT"
        )

    def propose(self, plan: Plan, key: str = "", *, deliberate: bool = False) -> None:
        """Send, or ask first where the rules say so; a ``deliberate`` order (a typed line) needs no second Enter."""
        refusal = self.refusal()
        market = self.view.markets.get(plan.symbol_id)
        if refusal is None and plan.qty <= 0:
            refusal = "the size is zero"
        if refusal is None and plan.ticks is None:
            refusal = "the other side of the book is empty"
        if refusal is not None or market is None:
            self.refuse(self.describe(plan), refusal or "unknown instrument")
            return
        takes = plan.kind == "MKT" or self.takes(plan, market)
        if takes and not plan.post_only and not self.settings.sweep:
            self._ask_send(plan, key, "y", f"{self.describe(plan)} trades at once", CONFIRM_S)
        elif not self.armed and not deliberate:
            self._ask_send(plan, key, "enter", self.describe(plan), STAGED_S)
        else:
            self._spawn(self.send(plan))

    def takes(self, plan: Plan, market: Market) -> bool:
        """Whether a limit order would meet the other side of the visible book."""
        depth = market.depth
        if plan.ticks is None:
            return True
        if plan.side is Side.BUY:
            return depth.best_ask is not None and plan.ticks >= depth.best_ask
        return depth.best_bid is not None and plan.ticks <= depth.best_bid

    def _ask_send(self, plan: Plan, key: str, answer: str, text: str, wait: float) -> None:
        async def confirmed() -> None:
            market = self.view.markets.get(plan.symbol_id)
            refusal = self.refusal()
            if refusal is not None or market is None:
                self.refuse(self.describe(plan), refusal or "unknown instrument")
            elif answer == "enter" and not self.settings.sweep and not plan.post_only and self.takes(plan, market):
                # The market moved while the order waited for its Enter.
                self._ask_send(plan, "enter", "y", f"{self.describe(plan)} trades at once now", CONFIRM_S)
            else:
                await self.send(plan)

        style = "bid" if plan.side is Side.BUY else "ask"
        self.ask(Asked(text, answer, key, self.clock.mono() + wait, confirmed, style))

    def describe(self, plan: Plan) -> str:
        """The plan in words."""
        return describe(plan, self.view)

    async def send(self, plan: Plan) -> None:
        """Send one order and note what is answered."""
        feed, market = self.feed, self.view.markets.get(plan.symbol_id)
        if feed is None or market is None or plan.ticks is None:
            self.refuse(self.describe(plan), "not connected")
            return
        key = feed.next_client_order_id()
        now = self.clock.wall_ms()
        self.view.orders.sent(
            OwnOrder(
                key, plan.symbol_id, plan.side, plan.ticks, plan.qty, plan.qty, Ack.PENDING, now, kind=plan.kind,
                tif=plan.tif, post_only=plan.post_only,
            )
        )  # fmt: skip
        self._log("order", f"sent {self.describe(plan)}")
        try:
            result = await feed.add_order(
                plan.symbol_id, plan.side, plan.qty, price=market.scale.price(plan.ticks), time_in_force=plan.tif,
                post_only=plan.post_only, reduce_only=plan.reduce_only, client_order_id=key,
            )  # fmt: skip
        except TradesimError as error:
            result = OrderResult(status=Status.ERROR, message=_words(error))
        self.view.orders.answered(key, result, self.clock.wall_ms())
        self._report(self.describe(plan), result)

    # --- cancels and changes

    def cancel(self, order: OwnOrder) -> None:
        """Cancel one order; asks nothing."""
        if self._may(f"cancel #{order.order_id}") and order.order_id is not None:
            self.view.orders.canceling(order.key)
            self._spawn(self._cancel(order))

    def cancel_at(self, ticks: int) -> None:
        """Cancel all own orders at a price."""
        market = self.view.market
        orders = [] if market is None else self.view.orders.at(market.instrument.symbol_id, ticks)
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
        if self._may("cancel all"):
            self._spawn(self._cancel_all(side, symbol_id))

    def start_grab(self, ticks: int) -> None:
        """Take the newest own order at a price in hand, to move it."""
        market = self.view.market
        orders = [] if market is None else self.view.orders.at(market.instrument.symbol_id, ticks)
        orders = [order for order in orders if order.order_id is not None]
        if not orders:
            self.tell("information", "no own order at this price to move")
        elif self._may("amend"):
            self.grab = Grab(orders[0], ticks)
            self._bump()

    def move_grab(self, ticks: int) -> None:
        """Move the order in hand to a price."""
        if self.grab is not None and ticks > 0:
            self.grab = Grab(self.grab.order, ticks)
            self._bump()

    def release_grab(self) -> None:
        """Put the order in hand down where it is now."""
        grab, self.grab = self.grab, None
        self._bump()
        if grab is not None and grab.ticks != grab.order.ticks:
            self.amend(grab.order, grab.ticks, None)

    def amend(self, order: OwnOrder, ticks: int | None, qty: float | None, key: str = "") -> None:
        """Change an order; asks for ``y`` where it would trade at once."""
        market = self.view.markets.get(order.symbol_id)
        if market is None or order.order_id is None or not self._may(f"amend #{order.order_id}"):
            return
        plan = Plan(order.symbol_id, order.side, qty or order.leaves, ticks or order.ticks)
        if self.takes(plan, market) and not self.settings.sweep:
            text = f"move #{order.order_id}: {self.describe(plan)} trades at once"
            self.ask(
                Asked(text, "y", key, self.clock.mono() + CONFIRM_S, lambda: self._amend(order, ticks, qty), "warn")
            )
        else:
            self._spawn(self._amend(order, ticks, qty))

    def flatten(self, key: str = "F", symbol_id: int | None = None) -> None:
        """Ask, then cancel the instrument's orders and close its position."""
        market = self.view.market if symbol_id is None else self.view.markets.get(symbol_id)
        if market is None or not self._may("flatten"):
            return
        symbol_id = market.instrument.symbol_id
        qty = self.view.portfolio.qty(symbol_id)
        text = f"FLATTEN {market.ticker}: cancel its orders, close {qty:+g}"
        self.ask(Asked(text, "y", key, self.clock.mono() + CONFIRM_S, lambda: self._flatten([symbol_id]), "warn"))

    def kill(self, key: str = "!") -> None:
        """Ask, then cancel everything, close every position and disarm."""
        if self._may("kill"):
            text = "KILL: cancel all orders, close all positions, disarm"
            self.ask(Asked(text, "y", key, self.clock.mono() + CONFIRM_S, self._kill, "bad"))

    async def _kill(self) -> None:
        self.disarm("kill switch")
        self._log("order", "KILL")
        await self._cancel_all(None, None)
        held = [line.symbol_id for line in self.view.portfolio.positions.values() if line.qty]
        await self._flatten(held, cancel=False)

    async def _flatten(self, symbol_ids: list[int], cancel: bool = True) -> None:
        for symbol_id in symbol_ids:
            if cancel:
                await self._cancel_all(None, symbol_id)
            qty, market = self.view.portfolio.qty(symbol_id), self.view.markets.get(symbol_id)
            if qty and market is not None:
                side = Side.SELL if qty > 0 else Side.BUY
                plan = self.at_market(Plan(symbol_id, side, abs(qty), None, reduce_only=True), market)
                await self.send(plan)

    async def _cancel(self, order: OwnOrder) -> None:
        assert self.feed is not None  # noqa: S101 - refusal() said so
        try:
            result = await self.feed.cancel_order(order.symbol_id, order.order_id)
        except TradesimError as error:
            result = OrderResult(status=Status.ERROR, message=_words(error))
        if result.status is Status.ERROR:
            self.view.orders.settled(order.key)
        self._report(f"cancel #{order.order_id}", result)

    async def _cancel_all(self, side: Side | None, symbol_id: int | None) -> None:
        what = f"cancel all{' bids' if side is Side.BUY else ' asks' if side is Side.SELL else ''}"
        assert self.feed is not None  # noqa: S101 - refusal() said so
        try:
            result = await self.feed.cancel_all(symbol_id, side)
        except TradesimError as error:
            result = MassResult(status=Status.ERROR, message=_words(error))
        if result.status is Status.ERROR:
            self.refuse(what, result.message or "refused")
        else:
            self._log("order", f"{what}: {len(result.order_ids)} canceled")
            self.tell("information", f"{what}: {len(result.order_ids)} canceled")

    async def _amend(self, order: OwnOrder, ticks: int | None, qty: float | None) -> None:
        market = self.view.markets.get(order.symbol_id)
        if self.feed is None or market is None:
            return
        self.view.orders.amending(order.key)
        price = market.scale.price(ticks) if ticks is not None else None
        try:
            result = await self.feed.modify_order(order.symbol_id, order.order_id, price=price, quantity=qty)
        except TradesimError as error:
            result = OrderResult(status=Status.ERROR, message=_words(error))
        self.view.orders.settled(order.key)
        self._report(f"amend #{order.order_id}", result)

    # --- telling

    def _may(self, what: str) -> bool:
        refusal = self.refusal()
        if refusal is not None:
            self.refuse(what, refusal)
        return refusal is None

    def refuse(self, what: str, why: str) -> None:
        """Say, and write down, that something was refused."""
        self._log("reject", f"{what}: {why}")
        self.tell("error", f"{what}: {why}")

    def _report(self, what: str, result: OrderResult) -> None:
        if result.status is Status.ERROR:
            code = f"{result.code.value}: " if result.code is not None else ""
            self.refuse(what, f"{code}{result.message or 'refused'}")
            return
        filled = f", filled {result.filled_quantity:g}" if result.filled_quantity else ""
        if result.filled_quantity and result.average_price is not None:
            filled += f" at {money(result.average_price)}"
        self._log("order", f"ok #{result.order_id} {what}{filled}")

    def _log(self, kind: str, text: str) -> None:
        self.view.audit.add(self.clock.wall_ms(), kind, text)


def _words(error: TradesimError) -> str:
    if isinstance(error, UnknownOutcome):
        return "no answer came: it was done once or not at all, see the order list"
    return str(error)

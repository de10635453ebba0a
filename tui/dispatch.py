"""What the desk decided, told to the exchange: one coroutine a request, and a word about each answer."""

from __future__ import annotations

from engine.types import RejectCode, Side
from net.errors import NotConnected, TradesimError, UnknownOutcome
from net.messages import MassResult, OrderResult, Status
from tui.feed import Feed
from tui.guard import Guard
from tui.plans import Plan, at_market, describe
from tui.view import Ack, OwnOrder, money


class Dispatch:
    """Sends for one desk, over the feed of its guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._view = guard.view
        self._clock = guard.clock

    async def send(self, plan: Plan) -> OrderResult:
        """Send one order and note what is answered."""
        feed, market = self._guard.feed, self._view.markets.get(plan.symbol_id)
        if feed is None or market is None or plan.ticks is None:
            why = "not connected" if feed is None else "the other side of the book is empty"
            self._guard.refuse(describe(plan, self._view), why)
            return OrderResult(status=Status.ERROR, message=why)
        key = feed.next_client_order_id()
        now = self._clock.wall_ms()
        self._view.orders.sent(
            OwnOrder(
                key, plan.symbol_id, plan.side, plan.ticks, plan.qty, plan.qty, Ack.PENDING, now, kind=plan.kind,
                tif=plan.tif, post_only=plan.post_only,
            )
        )  # fmt: skip
        self._guard.log("order", f"sent {describe(plan, self._view)}")
        try:
            result = await feed.add_order(
                plan.symbol_id, plan.side, plan.qty, price=market.scale.price(plan.ticks), time_in_force=plan.tif,
                post_only=plan.post_only, reduce_only=plan.reduce_only, client_order_id=key,
            )  # fmt: skip
        except TradesimError as error:
            result = OrderResult(status=Status.ERROR, message=_words(error))
        self._view.orders.answered(key, result, self._clock.wall_ms())
        self._report(describe(plan, self._view), result)
        return result

    async def kill(self, band: float) -> None:
        """Disarm, cancel everything, then close every position as far as prices can be trusted."""
        guard = self._guard
        guard.disarm("kill switch")
        guard.log("order", "KILL")
        await self.cancel_all(None, None)
        if not self._view.portfolio.flat and guard.may("closing the positions"):
            await self._close(None, band)

    async def flatten(self, symbol_id: int, band: float) -> None:
        """Cancel an instrument's orders, then close its position."""
        await self.cancel_all(None, symbol_id)
        await self._close(symbol_id, band)

    async def _close(self, symbol_id: int | None, band: float) -> None:
        """Close one position, or with None all; what a fill on the way made wrong is tried once more."""
        view = self._view
        for _ in range(2):
            try:
                view.fold(await self._feed().get_portfolio(), self._clock.mono())
            except TradesimError as error:
                self._guard.refuse("closing the positions", _words(error))
                return
            held = [line.symbol_id for line in view.portfolio.positions.values() if line.qty]
            results = [await self._close_one(held_id, band) for held_id in held if symbol_id in (None, held_id)]
            if RejectCode.WOULD_NOT_REDUCE not in results:
                return

    async def _close_one(self, symbol_id: int, band: float) -> RejectCode | None:
        qty, market = self._view.portfolio.qty(symbol_id), self._view.markets.get(symbol_id)
        if market is None:
            return None
        side = Side.SELL if qty > 0 else Side.BUY
        result = await self.send(at_market(Plan(symbol_id, side, abs(qty), None, reduce_only=True), market, band))
        return result.code

    async def cancel(self, order: OwnOrder) -> None:
        """Cancel one order."""
        try:
            result = await self._feed().cancel_order(order.symbol_id, order.order_id)
        except TradesimError as error:
            result = OrderResult(status=Status.ERROR, message=_words(error))
        if result.status is Status.ERROR:
            self._view.orders.settled(order.key)
        self._report(f"cancel #{order.order_id}", result)

    async def cancel_all(self, side: Side | None, symbol_id: int | None) -> None:
        """Cancel all orders of an instrument (None: of all), or those of one side."""
        what = f"cancel all{' bids' if side is Side.BUY else ' asks' if side is Side.SELL else ''}"
        try:
            result = await self._feed().cancel_all(symbol_id, side)
        except TradesimError as error:
            result = MassResult(status=Status.ERROR, message=_words(error))
        if result.status is Status.ERROR:
            self._guard.refuse(what, result.message or "refused")
        else:
            self._guard.log("order", f"{what}: {len(result.order_ids)} canceled")
            self._guard.tell("information", f"{what}: {len(result.order_ids)} canceled")

    async def amend(self, order: OwnOrder, ticks: int | None, qty: float | None) -> None:
        """Change price or open quantity of an order."""
        market = self._view.markets.get(order.symbol_id)
        if market is None:
            return
        self._view.orders.amending(order.key)
        price = market.scale.price(ticks) if ticks is not None else None
        try:
            result = await self._feed().modify_order(order.symbol_id, order.order_id, price=price, quantity=qty)
        except TradesimError as error:
            result = OrderResult(status=Status.ERROR, message=_words(error))
        self._view.orders.settled(order.key)
        self._report(f"amend #{order.order_id}", result)

    def _feed(self) -> Feed:
        if self._guard.feed is None:
            raise NotConnected("not connected")
        return self._guard.feed

    def _report(self, what: str, result: OrderResult) -> None:
        if result.status is Status.ERROR:
            code = f"{result.code.value}: " if result.code is not None else ""
            self._guard.refuse(what, f"{code}{result.message or 'refused'}")
            return
        filled = f", filled {result.filled_quantity:g}" if result.filled_quantity else ""
        if result.filled_quantity and result.average_price is not None:
            filled += f" at {money(result.average_price)}"
        self._guard.log("order", f"ok #{result.order_id} {what}{filled}")


def _words(error: TradesimError) -> str:
    if isinstance(error, UnknownOutcome):
        return "no answer came: it was done once or not at all, see the order list"
    return str(error)

"""Orders, cancels and modifies: from the wire's batches to the engine and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from engine import commands as c
from engine.types import OrderType, TimeInForce
from net.engine_protocol import RemoteCommand, Reply
from net.errors import UnknownOutcome
from net.hyperliquid import actions, refusals
from net.hyperliquid.venue.checks import BadOrder, Wanted, check, understand
from net.hyperliquid.venue.funding import WORKING_ORDERS_MAX
from net.hyperliquid.venue.margin import Margin
from net.hyperliquid.venue.orders import Order, Tif, TriggerTerms, make_tag, triggered_tag
from net.hyperliquid.venue.outcomes import ItemStatus, refused, standing
from net.hyperliquid.venue.users import User

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

CHILD_NOT_REDUCING: Final = "TP/SL orders must be reduce only."
CANNOT_MODIFY: Final = "Cannot modify canceled or filled order"
_AT_ONCE: Final = (Tif.IOC, Tif.FRONTEND_MARKET)


class Placing:
    """Places, cancels and modifies for the venue's users."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._last_oid = 0

    # --- placing ----------------------------------------------------------------------------------------------------

    async def place(self, user: User, action: actions.Order, request: str) -> list[ItemStatus]:
        """Place a batch; one status for each order, or a single one when the batch makes no sense.

        ``request`` tells it from every other request of the account.
        """
        try:
            wanted = self._understand_all(user, action)
        except BadOrder as bad:
            return [{"error": bad.text}]
        if action.grouping == "normalTpsl":
            return await self._place_bracket(user, wanted, request)
        position = action.grouping == "positionTpsl"
        if len(wanted) == 1:
            return [await self._place_one(user, wanted[0], request, 0, position=position)]
        placing = [
            asyncio.create_task(self._place_one(user, each, request, place, position=position))
            for place, each in enumerate(wanted)
        ]
        return await asyncio.gather(*placing)

    def _understand_all(self, user: User, action: actions.Order) -> list[Wanted | BadOrder]:
        """Read every order; raises ``BadOrder`` for what spoils the whole batch."""
        if not action.orders:
            raise BadOrder(refusals.EMPTY_BATCH)
        wanted: list[Wanted | BadOrder] = []
        for wire in action.orders:
            try:
                wanted.append(understand(wire, self._venue.market_of_asset(wire.a)))
            except BadOrder as bad:
                if bad.status is None:
                    raise
                wanted.append(bad)
        children = wanted[1:] if action.grouping == "normalTpsl" else []
        if action.grouping == "positionTpsl":
            children = wanted
        for child in children:
            if isinstance(child, Wanted) and (child.trigger is None or not child.reduce_only):
                raise BadOrder(CHILD_NOT_REDUCING)
        if action.builder is not None and not self._venue.builder_allowed(user, action.builder.b):
            raise BadOrder(refusals.builder(action.orders[0].a))
        return wanted

    async def _place_one(
        self, user: User, wanted: Wanted | BadOrder, request: str, place: int, *, position: bool = False
    ) -> ItemStatus:
        try:
            if isinstance(wanted, BadOrder):
                raise wanted
            self._check(user, wanted)
            if wanted.trigger is not None:
                order = self.order_of(user, wanted, position=position)
                return self._wait(user, order, _resting(order))
            from_page = wanted.tif is Tif.FRONTEND_MARKET
            return await self._submit(user, wanted, make_tag(wanted.cloid, request, place, from_page=from_page))
        except BadOrder as bad:
            if isinstance(wanted, Wanted):
                self._note_rejected(user, wanted, bad)
            return {"error": bad.text}

    async def _place_bracket(self, user: User, wanted: Sequence[Wanted | BadOrder], request: str) -> list[ItemStatus]:
        """A parent and the exits that its fill wakes."""
        parent, *children = wanted
        first = await self._place_one(user, parent, request, 0)
        statuses = [first]
        error = first.get("error") if isinstance(first, dict) else None
        oid = _oid_of(first)
        for child in children:
            if error is not None or oid is None:
                statuses.append({"error": error or refusals.MODIFY_INVALID})
            elif isinstance(child, BadOrder):
                statuses.append({"error": child.text})
            else:
                woken = isinstance(first, dict) and "filled" in first
                order = self.order_of(user, child)
                order.parent = None if woken else oid
                order.bracket = oid
                statuses.append(self._wait(user, order, "waitingForTrigger" if woken else "waitingForFill"))
        return statuses

    def _wait(self, user: User, order: Order, status: ItemStatus) -> ItemStatus:
        """Let a trigger order wait, unless the user has as many open as the engine lets him have in the book."""
        if self._venue.triggers.count(user) >= WORKING_ORDERS_MAX:
            return {"error": refusals.too_many_orders(WORKING_ORDERS_MAX)}
        self._venue.triggers.add(user, order)
        return status

    def _check(self, user: User, wanted: Wanted) -> None:
        spot = wanted.listed.asset.spot
        held = user.purse_for(spot=spot).holding(wanted.listed.symbol_id).lots
        check(wanted, self._venue.settings, held)
        needs_margin = not spot and not wanted.reduce_only and wanted.trigger is None
        if needs_margin and not self._margin(user).affords(wanted):
            raise BadOrder(refusals.margin(wanted.asset_id), "perpMarginRejected")

    def _margin(self, user: User) -> Margin:
        return Margin(user, self._venue.mirror.markets, self._venue.store)

    async def _submit(self, user: User, wanted: Wanted, tag: str, oid: int | None = None) -> ItemStatus:
        """Have the engine do it. Raises ``BadOrder`` when it refuses."""
        command = c.NewOrder(
            account=user.purse_for(spot=wanted.listed.asset.spot).account,
            symbol_id=wanted.listed.symbol_id,
            side=wanted.side,
            qty=wanted.lots,
            type=OrderType.LIMIT,
            price=wanted.ticks,
            tif=TimeInForce.IOC if wanted.tif in _AT_ONCE else TimeInForce.GTC,
            post_only=wanted.tif is Tif.ALO,
            reduce_only=wanted.reduce_only and not wanted.listed.asset.spot,
            client_order_id=tag,
        )
        margin = 0 if wanted.listed.asset.spot or wanted.reduce_only else self._margin(user).needed(wanted)
        user.placing += margin
        try:
            reply = await self.ask(command)
            await self._venue.caught_up(reply.sequence)
        finally:
            user.placing -= margin
        if reply.code is not None:
            raise refused(reply.code, reply.message or "", wanted, self._venue.settings.bounds_percent)
        return standing(reply, wanted, oid or reply.order_id or 0)

    async def fire(self, user: User, order: Order) -> None:
        """Place an order whose trigger fired; raises ``TradesimError`` when the engine is away."""
        try:
            wanted = self._wanted(order)
            self._check(user, wanted)
            await self._submit(user, wanted, triggered_tag(order.cloid, order.oid), order.oid)
        except BadOrder as bad:
            if order.engine_id is None:
                order.stand(bad.status or "rejected", self._venue.now_ms())
                user.note(order)
                self._venue.updated(user, [order])

    def _wanted(self, order: Order) -> Wanted:
        """What a trigger order wants now; raises ``BadOrder`` when its market is gone or has other ticks."""
        market = self._venue.mirror.markets.get(order.listed.symbol_id)
        ticks, lots = order.listed.ticks(order.limit), order.listed.lots(order.remaining)
        if market is None or ticks is None or lots is None:
            raise BadOrder(refusals.invalid_asset(order.listed.asset.asset_id))
        return Wanted(
            listed=order.listed,
            market=market,
            side=order.side,
            price=order.limit,
            size=order.remaining,
            ticks=ticks,
            lots=lots,
            tif=order.tif,
            reduce_only=order.reduce_only,
            cloid=order.cloid,
        )

    async def ask(self, command: RemoteCommand) -> Reply:
        """Send a command; one whose answer was lost is sent once more, which the engine answers as the first time."""
        try:
            return await self._venue.engine.submit(command)
        except UnknownOutcome:
            if not isinstance(command, c.NewOrder):
                raise
            return await self._venue.engine.submit(command)

    # --- cancels and modifies ---------------------------------------------------------------------------------------

    async def cancel(self, user: User, targets: Sequence[tuple[int, int | str]]) -> list[ItemStatus]:
        """Cancel by (asset, oid or client order id)."""
        canceling = [asyncio.create_task(self._cancel_one(user, asset, name)) for asset, name in targets]
        return await asyncio.gather(*canceling)

    async def _cancel_one(self, user: User, asset: int, name: int | str) -> ItemStatus:
        order = user.find(name)
        if order is None or not order.open or order.listed.asset.asset_id != asset:
            return {"error": refusals.unknown_order(asset)}
        return "success" if await self._take_back(user, order) else {"error": refusals.unknown_order(asset)}

    async def _take_back(self, user: User, order: Order) -> bool:
        """Cancel an open order, wherever it is; False when it was gone."""
        if order.engine_id is None:
            return self._venue.triggers.cancel(user, order)
        reply = await self.ask(
            c.CancelOrder(account=order.account, symbol_id=order.listed.symbol_id, order_id=order.engine_id)
        )
        if reply.code is not None:
            return False
        await self._venue.caught_up(reply.sequence)
        return True

    async def modify(
        self, user: User, name: int | str, wire: actions.OrderWire, request: str, place: int
    ) -> ItemStatus:
        """Cancel an order and place another in its stead; the new one has a new oid."""
        order = user.find(name)
        if order is None or not order.open:
            return {"error": CANNOT_MODIFY}
        try:
            wanted = understand(wire, self._venue.market_of_asset(wire.a))
        except BadOrder:
            return {"error": refusals.MODIFY_INVALID}
        if order.listed.coin != wanted.listed.coin or order.side is not wanted.side:
            return {"error": refusals.MODIFY_INVALID}
        if not await self._take_back(user, order):
            return {"error": CANNOT_MODIFY}
        return await self._place_one(user, wanted, request, place)

    # --- orders that the engine does not know -----------------------------------------------------------------------

    def order_of(self, user: User, wanted: Wanted, *, position: bool = False) -> Order:
        """An order with an oid of our own."""
        terms = wanted.trigger
        if terms is not None and position:
            terms = TriggerTerms(price=terms.price, tpsl=terms.tpsl, is_market=terms.is_market, position=True)
        return Order(
            oid=self.next_oid(),
            account=user.purse_for(spot=wanted.listed.asset.spot).account,
            listed=wanted.listed,
            side=wanted.side,
            limit=wanted.price,
            size=wanted.size,
            tif=wanted.tif,
            created=self._venue.now_ms(),
            reduce_only=wanted.reduce_only,
            cloid=wanted.cloid,
            trigger=terms,
        )

    def next_oid(self) -> int:
        """An oid from the clock's microseconds, never one twice, and far from the engine's."""
        self._last_oid = max(self._last_oid + 1, self._venue.now_ns() // 1_000)
        return self._last_oid

    def _note_rejected(self, user: User, wanted: Wanted, bad: BadOrder) -> None:
        """A refused order gets an oid and an entry in orderUpdates too."""
        if bad.status is None:
            return
        order = self.order_of(user, wanted)
        order.stand(bad.status, order.created)
        user.add(order)
        user.note(order)
        self._venue.updated(user, [order])


def _resting(order: Order) -> ItemStatus:
    named: dict[str, object] = {} if order.cloid is None else {"cloid": order.cloid}
    return {"resting": {"oid": order.oid, **named}}


def _oid_of(status: ItemStatus) -> int | None:
    if isinstance(status, dict):
        for key in ("resting", "filled"):
            placed = status.get(key)
            if isinstance(placed, dict):
                return int(placed["oid"])
    return None

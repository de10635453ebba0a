"""Trading on a Hyperliquid venue: a request becomes an order, an answer, a status and fills.

Rules that keep it safe, with those of ``safety``: every order has a client order id and an expiry. When an answer is
lost the order is looked up by its client order id and never sent again: once its expiry has passed, "unknown" means
that it was not placed and cannot be. After each reconnect orders and fills are reconciled by REST, because the streams
replay nothing. No builder fee and no referrer is ever attached.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import httpx
import msgspec

from engine.types import Side
from net.hyperliquid import actions, wire
from net.hyperliquid import subscriptions as subs
from net.hyperliquid.decimals import SCALE, from_wire, is_legal_price, is_legal_size, to_signed_form
from net.hyperliquid.info_client import InfoClient, VenueUnavailable
from net.hyperliquid.keys import Signer
from net.hyperliquid.market_data import LinkChanged, LinkState, Notice, Received
from net.hyperliquid.names import Universe
from net.hyperliquid.nonces import NonceCounter
from net.hyperliquid.own_orders import ClientOrderRequest, OrderState, OwnOrder, OwnOrders
from net.hyperliquid.safety import BadRequest, Safety

ANSWER_TIMEOUT_S: Final = 5.0
EXPIRY_MS: Final = 8_000
"""How long after sending an order the venue may still take it."""
LOOKUP_EVERY_S: Final = 0.5
NO_ANSWER: Final = "no answer"
KILL_S: Final = 6.0
"""How soon the venue cancels what a kill could not; it wants five seconds at least."""


class ExchangeClient:
    """One account at one venue.

    Args:
        account: the address that is traded for; the key may be an agent's.
        now_ms: wall clock.
    """

    def __init__(
        self,
        base_url: str,
        signer: Signer,
        account: str,
        info: InfoClient,
        universe: Universe,
        *,
        safety: Safety,
        http: httpx.AsyncClient | None = None,
        rng: random.Random | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        expiry_ms: int = EXPIRY_MS,
    ) -> None:
        safety.check(base_url)
        self.safety = safety
        self.orders = OwnOrders()
        self.account = account.lower()
        self.reconciled = asyncio.Event()
        """Set while orders and fills are known to be complete."""
        self._unsettled = asyncio.Event()
        self._switching = asyncio.Lock()
        self._links = 0
        self._url = base_url.rstrip("/") + "/exchange"
        self._signer = signer
        self._info = info
        self._universe = universe
        self._http = http or httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S)
        self._rng = rng or random.SystemRandom()
        self._now_ms = now_ms
        self._nonces = NonceCounter()
        self._expiry_ms = expiry_ms

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    # --- trading ----------------------------------------------------------------------------------------------------

    async def place(self, request: ClientOrderRequest) -> OwnOrder:
        """Place an order and wait until its outcome is known.

        Raises:
            BadRequest, UnknownName: nothing was sent.
            Locked: nobody typed the confirmation.
        """
        self.safety.check_unlocked()
        order, action = self._prepare(request)
        self.orders.add(order)
        expires_at = self._now_ms() + self._expiry_ms
        try:
            answer = await self._send(action, expires_at)
        except _Unknown:
            await self._settle(order, expires_at)
            return order
        if answer.get("status") != "ok":
            self.orders.end(order, OrderState.REJECTED, str(answer.get("response")))
            return order
        for status in _statuses(answer)[:1]:
            self._answered(order, status)
        await self._settle(order, expires_at)  # at once, unless the answer was of no known form
        return order

    async def cancel(self, *orders: OwnOrder) -> bool:
        """Cancel orders in one action; True when all have ended, one way or another.

        Raises:
            VenueUnavailable: it is not known whether they have, and the venue does not say.
        """
        for action, batch in _cancels(orders):
            try:
                answer = await self._send(action, self._now_ms() + self._expiry_ms)
            except _Unknown:
                answer = {}
            done = _statuses(answer)[: len(batch)]
            for order, status in itertools.zip_longest(batch, done):
                if status == "success":
                    self.orders.end(order, OrderState.CANCELED)
                else:
                    await self._look_up(order)
        return all(order.ended for order in orders)

    async def left_of(self, order: OwnOrder) -> int:
        """What the venue says did not trade of an order (e8); raises ``VenueUnavailable``."""
        found = await self._info.order_status(self.account, order.cloid or order.oid or 0)
        return from_wire(found.order.order.sz) if found.order is not None else 0

    async def kill(self) -> str:
        """Cancel everything the account has at the venue, whoever placed it; what could not be done, or nothing.

        The venue's own switch is set first, so that what we cannot reach is canceled by it a few seconds later, and
        taken back once the venue lists no order any more.
        """
        switch, _ = await asyncio.gather(
            self.cancel_after(KILL_S), self.cancel(*self.orders.working()), return_exceptions=True
        )
        backstop = f"the venue's switch is not set: {switch}" if switch else f"its switch cancels in {KILL_S:.0f} s"
        try:
            await self.reconcile()
            await self.cancel(*self.orders.working())
            left = len(await self._info.open_orders(self.account))
        except VenueUnavailable as error:
            return f"the venue does not answer: {error}; {backstop}"
        unsure = sum(order.state is OrderState.SENDING for order in self.orders.working())
        if left or unsure:
            return f"{left} orders are still open at the venue, {unsure} have no answer yet; {backstop}"
        if not switch:
            await self.cancel_after(None)
        return ""

    async def cancel_after(self, seconds: float | None) -> str:
        """Have the venue cancel everything in ``seconds`` unless this is called again; None disarms.

        Returns why it will not, in its words; nothing when it will.
        """
        async with self._switching:  # one at a time: a slow one must not undo a later one, a kill's least of all
            at = None if seconds is None else self._now_ms() + int(seconds * 1_000)
            try:
                answer = await self._send(actions.ScheduleCancel(time=at), self._now_ms() + self._expiry_ms)
            except _Unknown:
                return NO_ANSWER
        return "" if answer.get("status") == "ok" else str(answer.get("response"))

    # --- streams ----------------------------------------------------------------------------------------------------

    def streams(self) -> tuple[subs.AnySubscription, ...]:
        """What to subscribe for this account."""
        return subs.OrderUpdates(user=self.account), subs.UserFills(user=self.account)

    def take(self, notice: Notice) -> None:
        """Take one notice of the handler; when the account's stream begins anew there is something to reconcile."""
        match notice:
            case LinkChanged(state=LinkState.RECONNECTING):
                self.reconciled.clear()
                self._links += 1
            case Received(frame=wire.OrderUpdatesFrame(data=updates)):
                for update in updates:
                    self.orders.updated(update)
            case Received(frame=wire.UserFillsFrame(data=data)) if data.user.lower() == self.account:
                for fill in sorted(data.fills, key=lambda each: (each.time, each.tid)):
                    self.orders.filled(fill)
                if data.is_snapshot is True:
                    self._unsettled.set()
            case _:
                pass

    async def keep_reconciled(self) -> None:
        """Reconcile after each (re)connect, until the venue answers; ends only by cancellation."""
        while True:
            await self._unsettled.wait()
            self._unsettled.clear()
            links = self._links
            try:
                await self.reconcile()
            except VenueUnavailable:
                self._unsettled.set()
                await asyncio.sleep(LOOKUP_EVERY_S)
                continue
            if links == self._links:
                self.reconciled.set()

    async def reconcile(self) -> None:
        """Bring orders and fills in line with the venue; its open orders are ours, whoever placed them.

        Raises:
            VenueUnavailable: the venue does not say.
        """
        for fill in reversed(await self._info.user_fills(self.account)):
            self.orders.filled(fill)
        waiting = [order for order in self.orders.working() if order.state is not OrderState.SENDING]
        shown = await self._info.open_orders(self.account)
        for each in shown:
            order = self.orders.find(each.oid, each.cloid)
            asset = self._universe.by_coin(each.coin)
            if order is not None:
                self.orders.stands(order, each.oid, "open")
            elif asset is not None:
                self.orders.adopt(each, asset)
        listed = {each.oid for each in shown}
        for order in waiting:
            if order.oid not in listed:
                await self._look_up(order)

    # --- within -----------------------------------------------------------------------------------------------------

    def _prepare(self, request: ClientOrderRequest) -> tuple[OwnOrder, actions.Order]:
        asset = self._universe.resolve(request.market)
        try:
            price, size = from_wire(request.price), from_wire(request.size)
        except ValueError as error:
            raise BadRequest(str(error)) from error
        if not is_legal_price(price, asset.size_decimals, spot=asset.spot):
            raise BadRequest(f"{request.price} is off the tick of {asset.display}")
        if not is_legal_size(size, asset.size_decimals):
            raise BadRequest(f"{request.size} is off the lot of {asset.display}")
        self.safety.check_value(price * size // SCALE, closes=request.reduce_only and not asset.spot)
        if request.tif not in ("Gtc", "Ioc", "Alo"):
            raise BadRequest(f"no time in force: {request.tif}")
        cloid = f"0x{self._rng.getrandbits(128):032x}"
        limit = msgspec.convert({"limit": {"tif": request.tif}}, actions.Kind)
        item = actions.OrderWire(
            a=asset.asset_id,
            b=request.side is Side.BUY,
            p=to_signed_form(price),
            s=to_signed_form(size),
            r=request.reduce_only,
            t=limit,
            c=cloid,
        )
        return OwnOrder(cloid, asset, request), actions.Order(orders=[item], grouping="na")

    async def _send(self, action: actions.Action, expires_at: int) -> dict[str, Any]:
        """Sign and send one action once. Raises ``_Unknown`` when it may or may not have been done."""
        plain: dict[str, Any] = msgspec.to_builtins(action)
        nonce = self._nonces.next(self._now_ms())
        signature = await asyncio.to_thread(self._signer.sign, plain, nonce, expires_at)
        body = {"action": plain, "nonce": nonce, "signature": signature, "expiresAfter": expires_at}
        try:
            response = await self._http.post(self._url, json={**body, "vaultAddress": None})
        except httpx.TransportError as error:
            raise _Unknown from error
        if response.status_code == 429 or 400 <= response.status_code < 500:
            return {"status": "err", "response": f"HTTP {response.status_code}: {response.text[:200]}"}
        try:
            answer = response.json() if response.status_code == 200 else None
        except ValueError as error:
            raise _Unknown from error
        if not isinstance(answer, dict):
            raise _Unknown
        return answer

    def _answered(self, order: OwnOrder, status: object) -> None:
        """Take the venue's word on one order."""
        try:
            known = msgspec.convert(status, _OrderAnswer)
        except msgspec.ValidationError:
            return
        if known.error is not None:
            self.orders.end(order, OrderState.REJECTED)
            order.reason = known.error  # says more than the stream's status, which may have come before
        elif known.resting is not None:
            self.orders.placed(order, known.resting.oid)
        elif known.filled is not None:
            self.orders.placed(order, known.filled.oid)
            if from_wire(known.filled.total_sz) >= order.size:
                self.orders.end(order, OrderState.FILLED)
            elif order.request.tif == "Ioc":
                self.orders.end(order, OrderState.CANCELED, "the rest was canceled")

    async def _settle(self, order: OwnOrder, expires_at: int) -> None:
        """Find out what became of an order whose answer was lost."""
        while order.state is OrderState.SENDING:
            try:
                known = await self._look_up(order)
            except VenueUnavailable:
                known = None
            if known is False and self._now_ms() > expires_at:
                self.orders.end(order, OrderState.NOT_PLACED, "no answer, and the venue does not know it")
                return
            if order.state is OrderState.SENDING:
                await asyncio.sleep(LOOKUP_EVERY_S)

    async def _look_up(self, order: OwnOrder) -> bool:
        """Ask how an order stands; False when the venue does not know it. Raises ``VenueUnavailable``."""
        name = order.cloid or order.oid
        found = await self._info.order_status(self.account, name) if name is not None else None
        if found is None or found.order is None:
            return False
        self.orders.stands(order, found.order.order.oid, found.order.status)
        return True


def _cancels(orders: Sequence[OwnOrder]) -> Iterator[tuple[actions.Action, list[OwnOrder]]]:
    """Cancels by client order id, and by oid where an order has none."""
    named = [order for order in orders if order.cloid is not None]
    if named:
        wires = [actions.CancelByCloidWire(asset=each.asset.asset_id, cloid=each.cloid or "") for each in named]
        yield actions.CancelByCloid(cancels=wires), named
    others = [order for order in orders if order.cloid is None and order.oid is not None]
    if others:
        yield actions.Cancel(cancels=[actions.CancelWire(a=e.asset.asset_id, o=e.oid or 0) for e in others]), others


class _Resting(msgspec.Struct):
    oid: int


class _Filled(msgspec.Struct, rename="camel"):
    oid: int
    total_sz: str


class _OrderAnswer(msgspec.Struct):
    """One entry of an order's statuses: exactly one of these, or a form we do not know."""

    error: str | None = None
    resting: _Resting | None = None
    filled: _Filled | None = None


def _statuses(answer: dict[str, Any]) -> list[object]:
    """The statuses in an answer, none where it has another form."""
    try:
        found = answer["response"]["data"]["statuses"] if answer.get("status") == "ok" else []
    except (KeyError, TypeError):
        return []
    return found if isinstance(found, list) else []


class _Unknown(Exception):
    """It may have been done, or not."""

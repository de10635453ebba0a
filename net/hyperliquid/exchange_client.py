"""Trading on a Hyperliquid venue: a request becomes an order, an answer, a status and fills.

Rules that keep it safe. Real networks are locked until a person types what is about to happen; no order may be worth
more than a cap; every order has a client order id and an expiry. When an answer is lost the order is looked up by its
client order id and never sent again: once its expiry has passed, "unknown" means that it was not placed and cannot be.
After each reconnect orders and fills are reconciled by REST, because the streams replay nothing. No builder fee and no
referrer is ever attached.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
import msgspec

from engine.types import Side
from net.hyperliquid import actions, wire
from net.hyperliquid import subscriptions as subs
from net.hyperliquid.decimals import SCALE, from_wire, is_legal_price, is_legal_size, to_signed_form
from net.hyperliquid.info_client import InfoClient, Network, VenueUnavailable
from net.hyperliquid.keys import Signer
from net.hyperliquid.market_data import LinkChanged, LinkState, Notice, Received
from net.hyperliquid.names import Universe
from net.hyperliquid.nonces import NonceCounter
from net.hyperliquid.own_orders import ClientOrderRequest, OrderState, OwnOrder, OwnOrders

ANSWER_TIMEOUT_S: Final = 5.0
EXPIRY_MS: Final = 8_000
"""How long after sending an order the venue may still take it."""
LOOKUP_EVERY_S: Final = 0.5


class Locked(Exception):
    """A real network, and nobody has typed the confirmation."""


class BadRequest(ValueError):
    """The request breaks the venue's or our own rules; nothing was sent."""


class Safety(msgspec.Struct, frozen=True, kw_only=True):
    """What protects real money."""

    network: Network | None = None
    """The real network, by name; None for a simulator, which needs no confirmation."""
    value_max: int = 100 * SCALE
    """Largest value of one order, in e8 dollars."""

    @property
    def confirmation(self) -> str:
        """What a person has to type before the first real order."""
        name = self.network.name.lower() if self.network else "simulator"
        return f"trade up to ${self.value_max // SCALE} per order on {name}"


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
        safety: Safety | None = None,
        http: httpx.AsyncClient | None = None,
        rng: random.Random | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        expiry_ms: int = EXPIRY_MS,
    ) -> None:
        self.safety = safety or Safety()
        real = [network for network in Network if base_url.rstrip("/") == network.value]
        if real and self.safety.network not in real:
            raise Locked(f"{base_url} is {real[0].name.lower()}: name that network to trade there")
        self.orders = OwnOrders()
        self.account = account.lower()
        self.real = bool(real)
        self.reconciled = asyncio.Event()
        """Set while orders and fills are known to be complete."""
        self._url = base_url.rstrip("/") + "/exchange"
        self._signer = signer
        self._info = info
        self._universe = universe
        self._http = http or httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S)
        self._rng = rng or random.SystemRandom()
        self._now_ms = now_ms
        self._nonces = NonceCounter()
        self._expiry_ms = expiry_ms
        self._unlocked = not self.real

    @property
    def banner(self) -> str | None:
        """What the screen must show in red while real orders can leave."""
        if not self.real or not self._unlocked or self.safety.network is None:
            return None
        return f"REAL MONEY · {self.safety.network.name} · up to ${self.safety.value_max // SCALE} per order"

    def unlock(self, typed: str) -> None:
        """Permit real orders, given exactly ``safety.confirmation``; raises ``Locked`` for anything else."""
        if typed.strip() != self.safety.confirmation:
            raise Locked(f"type: {self.safety.confirmation}")
        self._unlocked = True

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    # --- trading ----------------------------------------------------------------------------------------------------

    async def place(self, request: ClientOrderRequest) -> OwnOrder:
        """Place an order and wait until its outcome is known.

        Raises:
            BadRequest, UnknownName: nothing was sent.
            Locked: a real network that nobody unlocked.
        """
        if not self._unlocked:
            raise Locked(f"type: {self.safety.confirmation}")
        order, action = self._prepare(request)
        self.orders.add(order)
        expires_at = self._now_ms() + self._expiry_ms
        try:
            answer = await self._send(action, expires_at)
        except _Unknown:
            await self._settle(order, expires_at)
            return order
        if answer.get("status") != "ok":
            order.end(OrderState.REJECTED, str(answer.get("response")))
            return order
        self._answered(order, answer["response"]["data"]["statuses"][0])
        return order

    async def cancel(self, order: OwnOrder) -> bool:
        """Cancel by client order id; True when the order has ended, one way or another."""
        item = actions.CancelByCloidWire(asset=order.asset.asset_id, cloid=order.cloid)
        try:
            answer = await self._send(actions.CancelByCloid(cancels=[item]), self._now_ms() + self._expiry_ms)
        except _Unknown:
            await self._look_up(order)
            return order.ended
        if answer.get("status") == "ok" and answer["response"]["data"]["statuses"][0] == "success":
            order.end(OrderState.CANCELED, "canceled")
        else:
            await self._look_up(order)
        return order.ended

    async def cancel_all(self) -> None:
        """Cancel everything that works."""
        for order in self.orders.working():
            await self.cancel(order)

    async def arm_kill_switch(self, seconds: float | None) -> bool:
        """Have the venue cancel everything in ``seconds`` unless this is called again; None disarms."""
        at = None if seconds is None else self._now_ms() + int(seconds * 1_000)
        try:
            answer = await self._send(actions.ScheduleCancel(time=at), self._now_ms() + self._expiry_ms)
        except _Unknown:
            return False
        return bool(answer.get("status") == "ok")

    # --- streams ----------------------------------------------------------------------------------------------------

    def streams(self) -> tuple[subs.AnySubscription, ...]:
        """What to subscribe for this account."""
        return subs.OrderUpdates(user=self.account), subs.UserFills(user=self.account)

    async def take(self, notice: Notice) -> None:
        """Take one notice of the handler; reconciles when the account's stream begins anew."""
        match notice:
            case LinkChanged(state=LinkState.RECONNECTING):
                self.reconciled.clear()
            case Received(frame=wire.OrderUpdatesFrame(data=updates)):
                for update in updates:
                    self.orders.updated(update)
            case Received(frame=wire.UserFillsFrame(data=data)) if data.user.lower() == self.account:
                for fill in sorted(data.fills, key=lambda each: (each.time, each.tid)):
                    self.orders.filled(fill)
                if data.is_snapshot is True:
                    await self.reconcile()
            case _:
                pass

    async def reconcile(self) -> None:
        """Bring orders and fills in line with the venue, which is asked until it answers."""
        while True:
            try:
                for fill in reversed(await self._info.user_fills(self.account)):
                    self.orders.filled(fill)
                for order in self.orders.working():
                    if order.state is not OrderState.SENDING:
                        await self._look_up(order)
                break
            except VenueUnavailable:
                await asyncio.sleep(LOOKUP_EVERY_S)
        self.reconciled.set()

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
        if price * size // SCALE > self.safety.value_max:
            raise BadRequest(f"worth more than the cap of ${self.safety.value_max // SCALE} per order")
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
        if not isinstance(status, dict):
            return
        if "error" in status:
            order.end(OrderState.REJECTED)
            order.reason = str(status["error"])  # says more than the stream's status, which may have come before
        elif "resting" in status:
            self.orders.placed(order, int(status["resting"]["oid"]))
        elif "filled" in status:
            self.orders.placed(order, int(status["filled"]["oid"]))
            if from_wire(status["filled"]["totalSz"]) >= order.size:
                order.end(OrderState.FILLED)
            elif order.request.tif == "Ioc":
                order.end(OrderState.CANCELED, "the rest was canceled")

    async def _settle(self, order: OwnOrder, expires_at: int) -> None:
        """Find out what became of an order whose answer was lost."""
        while order.state is OrderState.SENDING:
            try:
                known = await self._look_up(order)
            except VenueUnavailable:
                known = None
            if known is False and self._now_ms() > expires_at:
                order.end(OrderState.NOT_PLACED, "no answer, and the venue does not know it")
                return
            if order.state is OrderState.SENDING:
                await asyncio.sleep(LOOKUP_EVERY_S)

    async def _look_up(self, order: OwnOrder) -> bool:
        """Ask how an order stands; False when the venue does not know it. Raises ``VenueUnavailable``."""
        found = await self._info.order_status(self.account, order.cloid)
        if found.order is None:
            return False
        self.orders.stands(order, found.order.order.oid, found.order.status)
        return True


class _Unknown(Exception):
    """It may have been done, or not."""

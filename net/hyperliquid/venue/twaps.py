"""TWAP orders: a size that is traded in slices, one every half minute, each an IOC a little through the market.

They run in this process: a restart of the gateway ends them, and what they traded stays traded.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING, Final

from engine.types import Side
from net.errors import TradesimError
from net.hyperliquid import actions as a
from net.hyperliquid import refusals, wire
from net.hyperliquid.decimals import SCALE, from_wire, is_legal_size, round_price, to_signed_form, to_wire
from net.hyperliquid.venue.answers import Answer, ok
from net.hyperliquid.venue.markets import Market, side_letter
from net.hyperliquid.venue.orders import twap_cloid
from net.hyperliquid.venue.users import User

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

MINUTES: Final = (5, 1_440)
RUNNING_MAX: Final = 100
"""TWAP orders of one user."""
KEPT: Final = 2_000
_SLICES_A_MINUTE: Final = 2
_THROUGH: Final = 3
"""Percent that a slice may pay beyond the middle of the market."""


class Twap:
    """One order that is worked off. Sizes are e8."""

    def __init__(self, twap_id: int, user: User, market: Market, terms: a.TwapWire, size: int, created: int) -> None:
        self.twap_id = twap_id
        self.user = user
        self.market = market
        self.terms = terms
        self.size = size
        self.created = created
        self.executed = 0
        self.notional = 0

    def state(self) -> dict[str, object]:
        """As twapHistory shows it."""
        return {
            "coin": self.market.listed.coin,
            "user": self.user.address,
            "side": side_letter(Side.BUY if self.terms.b else Side.SELL),
            "sz": to_wire(self.size),
            "executedSz": to_wire(self.executed),
            "executedNtl": to_wire(self.notional),
            "minutes": self.terms.m,
            "reduceOnly": self.terms.r,
            "randomize": self.terms.t,
            "timestamp": self.created,
        }


class Twaps:
    """All TWAP orders of the venue."""

    def __init__(self, venue: Venue, rng: random.Random | None = None) -> None:
        self._venue = venue
        self._rng = rng or random.Random()
        self._running: dict[int, tuple[Twap, asyncio.Task[None]]] = {}
        self._history: dict[str, deque[dict[str, object]]] = {}

    def start(self, user: User, terms: a.TwapWire) -> Answer:
        """Begin to trade a size in slices."""
        market = self._venue.market_of_asset(terms.a)
        if market is None or market.listed.asset.delisted:
            return _twap_error(refusals.invalid_asset(terms.a))
        try:
            size = from_wire(terms.s)
        except ValueError:
            return _twap_error(refusals.INVALID_SIZE)
        if not is_legal_size(size, market.listed.asset.size_decimals):
            return _twap_error(refusals.INVALID_SIZE)
        if not MINUTES[0] <= terms.m <= MINUTES[1]:
            return _twap_error(f"Invalid TWAP duration: {terms.m} min(s)")
        if sum(twap.user is user for twap, _ in self._running.values()) >= RUNNING_MAX:
            return _twap_error("Too many running TWAP orders.")
        twap = Twap(self._venue.placing.next_oid(), user, market, terms, size, self._venue.now_ms())
        task = asyncio.get_running_loop().create_task(self._work(twap), name=f"twap {twap.twap_id}")
        self._running[twap.twap_id] = (twap, task)
        self._note(twap, "activated")
        return ok("twapOrder", {"status": {"running": {"twapId": twap.twap_id}}})

    def cancel(self, user: User, asset: int, twap_id: int) -> Answer:
        """Stop one."""
        found = self._running.get(twap_id)
        if found is None or found[0].user is not user or found[0].market.listed.asset.asset_id != asset:
            return ok("twapCancel", {"status": {"error": "TWAP was never placed, already canceled, or filled."}})
        found[1].cancel()
        self._end(found[0], "terminated")
        return ok("twapCancel", {"status": "success"})

    def follow(self, fills: list[wire.Fill]) -> None:
        """Count what slices traded."""
        for fill in fills:
            found = self._running.get(fill.twap_id) if fill.twap_id is not None else None
            if found is not None:
                found[0].executed += from_wire(fill.sz)
                found[0].notional += from_wire(fill.px) * from_wire(fill.sz) // SCALE

    def history(self, address: str) -> list[dict[str, object]]:
        """Answer of twapHistory, newest first."""
        return [*reversed(self._history.get(address, ()))]

    def states(self, address: str) -> list[list[object]]:
        """What runs for a user: ids and states."""
        running = [twap for twap, _ in self._running.values() if twap.user.address == address]
        return [[twap.twap_id, twap.state()] for twap in running]

    async def close(self) -> None:
        """Stop all."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, twap: Twap) -> None:
        slices = twap.terms.m * _SLICES_A_MINUTE
        every = self._venue.settings.twap_slice_s
        for number in range(slices):
            late = self._rng.random() * every if twap.terms.t else 0.0
            await asyncio.sleep(late)
            await self._trade(twap, number, slices - number)
            if twap.executed >= twap.size:
                break
            await asyncio.sleep(every - late)
        self._end(twap, "finished")

    async def _trade(self, twap: Twap, number: int, left: int) -> None:
        """One slice: an even share of what is left, in whole lots; the last takes the rest."""
        listed, lot = twap.market.listed, twap.market.listed.lot
        size = -(-(twap.size - twap.executed) // left // lot) * lot
        mid = twap.market.mid
        limit = mid * (100 + _THROUGH if twap.terms.b else 100 - _THROUGH) // 100
        limit = limit // listed.tick * listed.tick
        price = round_price(limit, listed.asset.size_decimals, spot=listed.asset.spot, up=not twap.terms.b)
        order = a.OrderWire(
            a=twap.terms.a,
            b=twap.terms.b,
            p=to_signed_form(price),
            s=to_signed_form(size),
            r=twap.terms.r,
            t=a.Kind(limit=a.Limit(tif="Ioc")),
            c=twap_cloid(twap.twap_id, number),
        )
        try:
            action = a.Order(orders=[order], grouping="na")
            await self._venue.placing.place(twap.user, action, f"{twap.twap_id:x}")
        except TradesimError:
            return  # the engine is away: the slices to come trade more

    def _end(self, twap: Twap, how: str) -> None:
        if self._running.pop(twap.twap_id, None) is not None:
            self._note(twap, how)

    def _note(self, twap: Twap, how: str) -> None:
        history = self._history.setdefault(twap.user.address, deque(maxlen=KEPT))
        seconds = self._venue.now_ms() // 1_000
        entry = {"time": seconds, "state": twap.state(), "status": {"status": how}, "twapId": twap.twap_id}
        history.append(entry)
        self._venue.streams.twap_changed(twap.user, entry)


def _twap_error(text: str) -> Answer:
    return ok("twapOrder", {"status": {"error": text}})

"""``scheduleCancel``: the dead man's switch of an account, over both its wallets and its waiting triggers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from net.hyperliquid.venue.answers import Answer, default, err
from net.hyperliquid.venue.users import User, Wallet, account_of

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

_SOON_MS: Final = 5_000
_LATE_MS: Final = 365 * 86_400_000


class Schedules:
    """When everything of whom is canceled."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def set(self, user: User, at: int | None) -> Answer:
        """Cancel everything of a user at a time (ms), or with None never."""
        now = self._venue.now_ms()
        if at is not None and at < now + _SOON_MS:
            return err("Scheduled cancel time must be at least 5 seconds in the future.")
        if at is not None and at > now + _LATE_MS:
            return err("Scheduled cancel time must be within a year.")
        seconds = None if at is None else (at - now) / 1_000
        for wallet in Wallet:
            reply = await self._venue.engine.cancel_after(account_of(user.address, wallet), seconds)
            if reply.code is not None:
                return err(f"Cannot set scheduled cancel time: {reply.message}")
        schedules = self._venue.store.state.schedules
        if at is None:
            schedules.pop(user.address, None)
        else:
            schedules[user.address] = at
        self._venue.store.save()
        self._arm(user.address, at)
        return default()

    def restore(self) -> None:
        """Arm what the state's file says; the engine's own switches went on without us."""
        for address, at in [*self._venue.store.state.schedules.items()]:
            self._arm(address, at)

    def _arm(self, address: str, at: int | None) -> None:
        armed = self._timers.pop(address, None)
        if armed is not None:
            armed.cancel()
        if at is not None:
            seconds = max(0, at - self._venue.now_ms()) / 1_000
            self._timers[address] = asyncio.get_running_loop().call_later(seconds, self._cancel_triggers, address)

    def _cancel_triggers(self, address: str) -> None:
        """Triggers are no orders of the engine, whose own switch cancels the rest."""
        self._timers.pop(address, None)
        self._venue.store.state.schedules.pop(address, None)
        self._venue.store.save()
        user = self._venue.users.get(address)
        if user is not None:
            self._venue.triggers.cancel_all(user, "scheduledCancel")

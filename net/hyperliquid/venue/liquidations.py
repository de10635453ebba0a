"""Liquidation: positions that their margin no longer backs are closed in the book, as far as it goes.

Looked at whenever a mark moves. First the account's perpetual orders are canceled, then each position is sold or bought
back at once, as deep as the venue's price bounds; what the book does not take is tried again. There is no backstop.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from engine import commands as c
from engine.types import Side, TimeInForce
from net.errors import TradesimError
from net.hyperliquid.decimals import to_wire
from net.hyperliquid.venue.margin import Margin
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.orders import liquidation_cloid, make_tag
from net.hyperliquid.venue.users import Holding, User, Wallet, account_of

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

AGAIN_S: Final = 1.0
"""How soon an account that is still under water is looked at again."""
_LIQUIDATOR: Final = "0x" + "0" * 40


class Liquidations:
    """Watches the margin of all users."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        self._looked: dict[int, int] = {}
        """Mark (ticks) of each instrument when it was last looked at."""

    def watch(self, market: Market) -> None:
        """A mark moved: close what is not backed any more."""
        symbol_id = market.listed.symbol_id
        if self._looked.get(symbol_id) == market.last:
            return
        self._looked[symbol_id] = market.last
        for user in self._venue.users:
            holding = user.perp.holdings.get(symbol_id)
            if holding is None or not holding.lots or user.address in self._closing:
                continue
            if self._margin(user).to_liquidate():
                task = asyncio.get_running_loop().create_task(self._liquidate(user), name=f"liquidate {user.address}")
                self._closing[user.address] = task

    async def close(self) -> None:
        """Stop what is under way."""
        for task in [*self._closing.values()]:
            task.cancel()
        await asyncio.gather(*self._closing.values(), return_exceptions=True)

    async def _liquidate(self, user: User) -> None:
        try:
            while doomed := self._margin(user).to_liquidate():
                margin = self._margin(user)
                self._venue.liquidated(user, self._event(margin))
                await self._cancel_orders(user)
                for market, holding in doomed:
                    await self._close_position(user, market, holding)
                await asyncio.sleep(AGAIN_S)
        except TradesimError:
            pass  # the engine is away: the next mark looks again
        finally:
            del self._closing[user.address]

    async def _cancel_orders(self, user: User) -> None:
        self._venue.triggers.cancel_all(user, "liquidatedCanceled")
        reply = await self._venue.engine.submit(c.CancelAll(account=account_of(user.address, Wallet.PERP)))
        await self._venue.caught_up(reply.sequence)

    async def _close_position(self, user: User, market: Market, holding: Holding) -> None:
        lots, listed = holding.lots, market.listed
        if not lots:
            return
        percent = self._venue.settings.bounds_percent
        limit = market.last * (100 + (-percent if lots > 0 else percent)) // 100
        self._count += 1
        cloid = liquidation_cloid(market.mark, self._count)
        reply = await self._venue.engine.submit(
            c.NewOrder(
                account=account_of(user.address, Wallet.PERP),
                symbol_id=listed.symbol_id,
                side=Side.SELL if lots > 0 else Side.BUY,
                qty=abs(lots),
                price=max(1, limit),
                tif=TimeInForce.IOC,
                reduce_only=True,
                client_order_id=make_tag(cloid, f"{self._venue.now_ms():x}", self._count),
            )
        )
        await self._venue.caught_up(reply.sequence)

    def _event(self, margin: Margin) -> dict[str, object]:
        """As userEvents tells it."""
        return {
            "lid": self._venue.placing.next_oid(),
            "liquidator": _LIQUIDATOR,
            "liquidated_user": margin.user.address,
            "liquidated_ntl_pos": to_wire(margin.notional()),
            "liquidated_account_value": to_wire(margin.value()),
        }

    def _margin(self, user: User) -> Margin:
        return Margin(user, self._venue.mirror.markets, self._venue.store)

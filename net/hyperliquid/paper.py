"""Paper trading on a live market: how displayed levels and public trades become a book that orders can meet.

The model, as the screen states it:

* What the venue displays stands in our book as orders of a shadow account, level by level. Paper orders that cross
  trade with it at its prices. The venue never hears of them, so what they took is back at the next update: no impact.
* A resting paper order queues behind all that was displayed at its price when it came. It moves up only when public
  trades eat what is ahead of it: each print is traded in our book too. Sizes that vanish without a trade are taken
  from behind first, so the queue is never too kind.
* When the live market moves through a resting order, it is filled.
* Levels beyond the displayed depth stay as they were last seen. An order that rests where nothing is displayed has
  nothing ahead of it until its price comes into view: there the model is too kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from engine.commands import CancelOrder, NewOrder, ReplaceOrder
from engine.service import OrderView
from engine.types import AccountId, OrderType, Side, SymbolId, TimeInForce
from net.hyperliquid.book_view import WHOLE_DEPTH
from net.hyperliquid.decimals import SCALE, significant_figures
from net.hyperliquid.names import Asset

SOURCE: Final = "hyperliquid"
FIGURES: Final = 5
MODEL: Final = "displayed levels; queue behind what was there, moved by public trades; no impact"
"""The model in a line, for the screen."""

Change = NewOrder | CancelOrder | ReplaceOrder
Levels = Mapping[int, int]
"""Lots by price in ticks."""


def tickers_of(asset: Asset) -> tuple[str, str]:
    """What a live market is called here: its own name, or that with ``.HL`` where a simulated instrument has it."""
    return asset.display, f"{asset.display}.HL"


def plan(
    account: AccountId,
    symbol_id: SymbolId,
    working: Sequence[OrderView],
    bids: Levels,
    asks: Levels,
    depth: int = WHOLE_DEPTH,
) -> list[Change]:
    """The commands that bring the shadow's orders in line with what is displayed: first what goes, then what comes.

    A side of fewer than ``depth`` levels is displayed whole.
    """
    going: list[Change] = []
    coming: list[Change] = []
    for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
        standing = _by_price(order for order in working if order.side is side)
        for price, orders in standing.items():
            if len(levels) < depth or _displayed(price, side, levels):
                going += _reduce(account, symbol_id, orders, levels.get(price, 0))
        for price, lots in levels.items():
            missing = lots - sum(order.leaves_qty for order in standing.get(price, ()))
            if missing > 0:
                coming.append(NewOrder(account=account, symbol_id=symbol_id, side=side, qty=missing, price=price))
    return going + coming


def print_order(account: AccountId, symbol_id: SymbolId, side: Side, price: int, lots: int) -> NewOrder:
    """The order that trades a public print again in our book: it eats what is ahead, then whoever waits behind it."""
    return NewOrder(
        account=account,
        symbol_id=symbol_id,
        side=side,
        qty=lots,
        type=OrderType.LIMIT,
        price=price,
        tif=TimeInForce.IOC,
    )


def tick_of(price: int, decimals: int) -> int:
    """Step, in e8, of a market's prices around ``price`` when it may have ``decimals`` decimals: five figures."""
    step = 10 ** (8 - decimals)
    figures_step = int(10 ** max(0, len(str(price)) - FIGURES))
    return int(max(step, min(figures_step, SCALE)))


def fits(price: int, tick: int) -> bool:
    """Whether a displayed price is one of our book's."""
    return price % tick == 0 and significant_figures(price) > 0


def _by_price(orders: Iterable[OrderView]) -> dict[int, list[OrderView]]:
    """Orders of each price, oldest first."""
    prices: dict[int, list[OrderView]] = {}
    for order in sorted(orders, key=lambda each: each.order_id):
        if order.price is not None:
            prices.setdefault(order.price, []).append(order)
    return prices


def _displayed(price: int, side: Side, levels: Levels) -> bool:
    """Whether the venue would display this price if anything were there."""
    return price >= min(levels) if side is Side.BUY else price <= max(levels)


def _reduce(account: AccountId, symbol_id: SymbolId, orders: Sequence[OrderView], wanted: int) -> list[Change]:
    """Take lots away until ``wanted`` are left, the newest first."""
    excess = sum(order.leaves_qty for order in orders) - wanted
    changes: list[Change] = []
    for order in reversed(orders):
        if excess <= 0:
            break
        if order.leaves_qty <= excess:
            changes.append(CancelOrder(account=account, symbol_id=symbol_id, order_id=order.order_id))
        else:
            changes.append(
                ReplaceOrder(
                    account=account, symbol_id=symbol_id, order_id=order.order_id, qty=order.leaves_qty - excess
                )
            )
        excess -= order.leaves_qty
    return changes

"""Reduce-only orders: they may make a position smaller, and nothing else.

A resting one never has more lots open than the position has; it is trimmed, or canceled, when the position shrinks. One
command may trade several orders of the account: matching pauses in front of each reduce-only order, so that it is
trimmed to what the fills before it left of the position.
"""

from __future__ import annotations

from engine.exchange import Exchange
from engine.ledger import Position
from engine.types import CancelReason, Side
from engine.working_order import WorkingOrder


def reducible(position: Position, side: Side) -> int:
    """Lots by which an order of this side can reduce the position."""
    held = -position.qty if side is Side.BUY else position.qty
    return max(0, held)


def trim(x: Exchange, order: WorkingOrder, lots: int) -> None:
    """Leave ``lots`` of a resting reduce-only order open at most."""
    leaves = order.qty - order.cum
    if lots >= leaves:
        return
    if lots <= 0:
        x.cancel(order, CancelReason.REDUCE_ONLY)
        return
    excess = leaves - lots
    order.reserve(-excess)
    order.position.market.engine.reduce(order.slot, excess)
    order.qty -= excess
    x.touch(order.position.market, order.key)
    x.replaced(order, priority_kept=True)


def tidy(x: Exchange) -> None:
    """Trim the reduce-only orders of all positions that the running command has changed, oldest first."""
    for position in x.changed:
        for order in sorted(position.guarded.values(), key=_age):
            trim(x, order, reducible(position, order.entry.side))
    x.changed.clear()


def _age(order: WorkingOrder) -> int:
    return order.order_id

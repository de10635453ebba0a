"""Reduce-only orders: they may make a position smaller, and nothing else.

A resting one never has more lots open than the position has; it is trimmed, or canceled, when the position shrinks. One
command may trade several orders of the account: matching pauses in front of each reduce-only order, so that it is
trimmed to what the fills before it left of the position. An auction goes by the same rule: an order counts with what
those in front of it leave to reduce (``curtailed``), and is trimmed to that when its turn comes.
"""

from __future__ import annotations

from engine.exchange import Exchange
from engine.ledger import Position
from engine.market import Market
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


def curtailed(x: Exchange, market: Market) -> dict[int, int]:
    """Lots, by slot, that count of reduce-only orders in an auction, where orders in front of them leave them fewer.

    In front are the account's other orders of that side with a better price, or the same and a better place.
    """
    book = market.engine.book
    found: dict[int, int] = {}
    if not book.guarded:
        return found
    for side, other in ((book.bids, book.asks), (book.asks, book.bids)):
        ahead: dict[int, int] = {}
        for level in book.best_first(side):
            if not other.best or book.key_of[level] + other.best < 0:
                break
            for slot in book.queue(level):
                owner, lots = book.owners[slot], book.open_lots(slot)
                before = ahead.get(owner, 0)
                if slot in book.guarded:
                    order = x.orders[book.ids[slot]]
                    left = max(0, reducible(order.position, order.entry.side) - before)
                    if left < lots:
                        found[slot] = lots = left
                ahead[owner] = before + lots
    return found


def tidy(x: Exchange) -> None:
    """Trim the reduce-only orders of all positions that the running command has changed, oldest first."""
    for position in x.changed:
        for order in sorted(position.guarded.values(), key=_age):
            trim(x, order, reducible(position, order.entry.side))
    x.changed.clear()


def _age(order: WorkingOrder) -> int:
    return order.order_id

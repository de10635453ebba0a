"""Triggered stops: they enter the market as an order that has just come in, if market and account still take them."""

from __future__ import annotations

from engine.events import OrderTriggered
from engine.exchange import Exchange
from engine.placing import execute, secure, terms
from engine.reducing import reducible, tidy
from engine.types import CancelReason, InstrumentStatus, OrderType
from engine.working_order import WorkingOrder


def trigger(x: Exchange) -> None:
    """Execute all triggered stops, and those that their trades trigger, until none is left."""
    while x.pending:
        market = next(iter(x.pending))
        market.stops.look()
        triggered = market.stops.take_due() if market.status is InstrumentStatus.OPEN else []
        if not triggered:
            del x.pending[market]
        for order in triggered:
            if market.status is InstrumentStatus.OPEN:
                _enter_market(x, order)
                tidy(x)
            else:
                market.stops.put_back(order)  # an earlier stop's trades have halted the market


def _enter_market(x: Exchange, order: WorkingOrder) -> None:
    """Turn one triggered stop into a market or limit order."""
    entry = order.entry
    order.waiting = False
    triggered = OrderTriggered(
        order_id=order.order_id,
        account=entry.account,
        symbol_id=entry.symbol_id,
        side=entry.side,
        leaves_qty=order.leaves,
        price=order.price,
        client_order_id=entry.client_order_id,
    )
    x.events.append(triggered)
    if entry.reduce_only:
        lots = min(order.leaves, reducible(order.position, entry.side))
        if not lots:
            x.leave(order)
            x.canceled(order, CancelReason.REDUCE_ONLY)
            return
        if lots < order.leaves:
            order.qty = lots
            x.replaced(order, priority_kept=True)
    limit = None if entry.type is OrderType.STOP else abs(order.key)
    key, hold, refusal = terms(order.position, entry, limit, order.leaves)
    if refusal is None:
        order.key, order.hold = key, hold
        refusal = secure(order)
    if refusal is not None:
        x.leave(order)
        x.canceled(order, CancelReason.TRIGGER_REJECTED)
        return
    execute(x, order)
    if not order.slot:
        x.leave(order)

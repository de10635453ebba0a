"""Replacing a working order: in its place when it only gives lots back, as if it came anew otherwise."""

from __future__ import annotations

from engine.commands import ReplaceOrder
from engine.exchange import Exchange, Refusal
from engine.placing import check_phase, execute, sell_price
from engine.reducing import reducible
from engine.risk import (
    check_band,
    check_funds,
    check_payment,
    check_price,
    check_qty,
    check_rate,
    check_reach,
    check_size,
    check_sums,
    invalid,
)
from engine.types import InstrumentStatus, OrderType, RejectCode, Side
from engine.working_order import WorkingOrder


def replace(x: Exchange, order: WorkingOrder, command: ReplaceOrder) -> Refusal | None:
    """Change price or open quantity of a working order, or say why not."""
    leaves = order.qty - order.cum
    qty = leaves if command.qty is None else command.qty
    price = abs(order.key) if command.price is None else command.price
    refusal = _check_shape(order, command, qty) or check_rate(order.position.account, x.now)
    if refusal is not None:
        return refusal
    if order.waiting:
        refusal = _replace_waiting(x, order, command, qty)
    elif price == abs(order.key) and qty <= leaves:
        give_back(x, order, leaves - qty)
    else:
        refusal = _check(order, price, qty)
        if refusal is None:
            move(x, order, price, qty)
    if refusal is None:
        order.position.account.order_times.append(x.now)
    return refusal


def _check_shape(order: WorkingOrder, command: ReplaceOrder, qty: int) -> Refusal | None:
    if order.quote:
        return RejectCode.NOT_ALLOWED, "a quote is changed by the next mass quote", "order_id"
    refusal = check_qty(qty)
    for field, value in (("price", command.price), ("stop_price", command.stop_price)):
        if refusal is None and value is not None:
            refusal = check_price(value, field)
    if refusal is not None:
        return refusal
    if command.stop_price is not None and not order.waiting:
        return invalid("only a stop that waits has a stop_price", "stop_price")
    if command.price is not None and order.entry.type is OrderType.STOP:
        return invalid("STOP orders have no price", "price")
    return None


def give_back(x: Exchange, order: WorkingOrder, lots: int) -> None:
    """Give ``lots`` of a resting order back; it keeps its place."""
    if lots:
        market = order.position.market
        market.engine.reduce(order.slot, lots)
        order.qty -= lots
        order.reserve(-lots)
        x.touch(market, order.key)
    x.replaced(order, priority_kept=True)


def _check(order: WorkingOrder, price: int, qty: int) -> Refusal | None:
    """Whether the order could come anew with this price and open quantity, once the old one is gone."""
    position = order.position
    market = position.market
    refusal = _check_phase(order)
    if refusal is not None:
        return refusal
    key = price if order.key > 0 else -price
    if order.entry.post_only and market.status is InstrumentStatus.OPEN and market.engine.book.crosses(key):
        return RejectCode.WOULD_CROSS, "a post_only order would trade at once", "price"
    refusal = check_band(market, price) or check_size(position.account.limits, qty, price * qty * market.tick_value)
    return refusal or _check_risk(order, price, qty)


def _check_phase(order: WorkingOrder) -> Refusal | None:
    """Whether the instrument would take the order now if it came anew."""
    market = order.position.market
    return None if market.status is InstrumentStatus.OPEN else check_phase(market, order.entry)


def _check_risk(order: WorkingOrder, price: int, qty: int) -> Refusal | None:
    p = order.position
    leaves = order.qty - order.cum
    more = qty - leaves
    hold = lot_hold(order, price) * qty - order.hold * leaves
    refusal = check_sums(p, hold)
    if refusal is not None:
        return refusal
    if order.entry.reduce_only:
        lots = reducible(p, order.entry.side)
        if qty > lots:
            return RejectCode.WOULD_NOT_REDUCE, f"the position can be reduced by {lots} lots", "qty"
        buys, sells = (p.buy_qty, 0) if order.key > 0 else (0, p.sell_qty)
        return (
            check_reach(p, buys, sells, p.reducing + more)
            or check_funds(p, p.buy_qty, p.buy_hold, p.sell_qty, p.sell_hold, p.reducing + more)
            or (check_payment(p.account, hold) if order.key > 0 and hold > 0 else None)
        )
    if order.key > 0:
        return check_reach(p, p.buy_qty + more, 0, p.reducing) or check_funds(
            p, p.buy_qty + more, p.buy_hold + hold, p.sell_qty, p.sell_hold, p.reducing
        )
    return check_reach(p, 0, p.sell_qty + more, p.reducing) or check_funds(
        p, p.buy_qty, p.buy_hold, p.sell_qty + more, p.sell_hold + hold, p.reducing
    )


def lot_hold(order: WorkingOrder, price: int) -> int:
    """Minor units to hold back for each lot of an order at a new price."""
    market = order.position.market
    return market.lot_hold(price if order.entry.side is Side.BUY else sell_price(market, price))


def move(x: Exchange, order: WorkingOrder, price: int, qty: int) -> None:
    """Take an order out and let it come in again at the back of the queue; it may trade at once."""
    hold = lot_hold(order, price)
    x.lift(order)
    order.hold = hold
    order.key = price if order.key > 0 else -price
    order.qty = order.cum + qty
    order.reserve(qty)
    x.replaced(order, priority_kept=False)
    execute(x, order)
    if not order.slot:
        x.leave(order)


def _replace_waiting(x: Exchange, order: WorkingOrder, command: ReplaceOrder, qty: int) -> Refusal | None:
    """Change a stop that waits. With its stop price it keeps its place, also among stops already triggered."""
    market = order.position.market
    stop_price = order.stop_price or 0 if command.stop_price is None else command.stop_price
    price = None if order.entry.type is OrderType.STOP else command.price or abs(order.key)
    refusal = None
    if qty > order.qty or stop_price != order.stop_price or price != order.price:
        value = qty * max(stop_price, price or 0) * market.tick_value
        refusal = _check_phase(order) or check_size(order.position.account.limits, qty, value)
    if refusal is not None:
        return refusal
    if price is not None:
        order.key = price if order.key > 0 else -price
    order.qty = qty
    if stop_price != order.stop_price:
        market.stops.remove(order)
        x.wait(order, stop_price)
    x.replaced(order, priority_kept=True)
    return None

"""Replacing a working order: in its place when it only gives lots back, as if it came anew otherwise."""

from __future__ import annotations

from engine.commands import ReplaceOrder
from engine.exchange import Exchange, Refusal
from engine.placing import execute, sell_price
from engine.risk import (
    PRICE_MAX,
    QTY_MAX,
    check_band,
    check_funds,
    check_limits,
    check_rate,
    invalid,
)
from engine.types import InstrumentStatus, RejectCode, Side
from engine.working_order import WorkingOrder


def replace(x: Exchange, order: WorkingOrder, command: ReplaceOrder) -> Refusal | None:
    """Change price or open quantity of a working order, or say why not."""
    leaves = order.qty - order.cum
    qty = leaves if command.qty is None else command.qty
    price = abs(order.key) if command.price is None else command.price
    if not 0 < qty <= QTY_MAX:
        return invalid("qty must be positive; cancel the order instead", "qty")
    if not 0 < price <= PRICE_MAX:
        return invalid("price must be positive", "price")
    if command.stop_price is not None:
        return invalid("the order is not a stop that waits", "stop_price")
    account = order.position.account
    refusal = check_rate(account, x.now)
    if refusal is not None:
        return refusal
    if price == abs(order.key) and qty <= leaves:
        _reduce(x, order, leaves - qty)
    else:
        refusal = _check(order, price, qty)
        if refusal is not None:
            return refusal
        _move(x, order, price, qty)
    account.order_times.append(x.now)
    return None


def _reduce(x: Exchange, order: WorkingOrder, lots: int) -> None:
    """Give ``lots`` back; the order keeps its place."""
    if lots:
        market = order.position.market
        market.engine.reduce(order, lots)
        order.qty -= lots
        x.release(order, lots)
        x.touch(market, order.key)
    x.replaced(order, priority_kept=True)


def _check(order: WorkingOrder, price: int, qty: int) -> Refusal | None:
    """Whether the order could come anew with this price and open quantity, once the old one is gone."""
    position = order.position
    market = position.market
    entry = order.entry
    if market.status is InstrumentStatus.HALTED:
        return RejectCode.INSTRUMENT_HALTED, "the instrument is halted", None
    refusal = check_band(market, price)
    if refusal is not None:
        return refusal
    key = price if order.key > 0 else -price
    if entry.post_only and market.engine.would_cross(key):
        return RejectCode.WOULD_CROSS, "a post_only order would trade at once", "price"
    more = qty - (order.qty - order.cum)
    value = price * qty * market.tick_value
    hold = _lot_hold(order, price) * qty - order.hold * (order.qty - order.cum)
    return check_limits(position, position.account.limits, entry.side, more, value) or check_funds(
        position, entry.side, more, hold
    )


def _lot_hold(order: WorkingOrder, price: int) -> int:
    market = order.position.market
    return market.lot_hold(price if order.entry.side is Side.BUY else sell_price(market, price))


def _move(x: Exchange, order: WorkingOrder, price: int, qty: int) -> None:
    """Take the order out and let it come in again at the back of the queue; it may trade at once."""
    x.lift(order)
    order.hold = _lot_hold(order, price)
    order.key = price if order.key > 0 else -price
    order.qty = order.cum + qty
    order.shown, order.hidden = qty, 0
    x.replaced(order, priority_kept=False)
    execute(x, order)
    if order.level is None:
        x.leave(order)

"""What an order must pass before it may touch a book: shape, price band, limits of the account, buying power."""

from __future__ import annotations

from typing import Final

from engine.commands import AccountLimits, NewOrder
from engine.exchange import Refusal
from engine.ledger import Account, Position
from engine.market import Market
from engine.types import OrderType, RejectCode, TimeInForce

PRICE_MAX: Final = 10**15
QTY_MAX: Final = 10**12
"""Lots; so small that those of nine million orders at one price fit the book's 64 bits."""
NOTIONAL_MAX: Final = 10**18
"""Minor units that one order may be worth."""
SUMS_MAX: Final = 2**61
"""Minor units that an account may have, owe or have won and lost, once all it has at stake has traded; with it every
sum that the exchange keeps fits 64 bits."""
SECOND: Final = 1_000_000_000

_LIMIT_TYPES: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_STOP_TYPES: Final = (OrderType.STOP, OrderType.STOP_LIMIT)
_AT_ONCE: Final = (TimeInForce.IOC, TimeInForce.FOK)
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC
_MARKET: Final = OrderType.MARKET
_GTD: Final = TimeInForce.GTD


def invalid(message: str, field: str) -> Refusal:
    """A command that contradicts itself."""
    return RejectCode.INVALID_MESSAGE, message, field


def lacking(what: str, short: int) -> Refusal:
    """An order for which ``short`` minor units are missing."""
    return RejectCode.INSUFFICIENT_FUNDS, f"{what} falls short by {short} minor units", "qty"


def is_plain(order: NewOrder) -> bool:
    """Whether it is a limit order good till canceled without conditions, whose fields go together: most are."""
    if order.type is not _LIMIT or order.tif is not _GTC or order.post_only or order.reduce_only:
        return False
    if order.display_qty is not None or order.expires_at is not None or order.stop_price is not None:
        return False
    price = order.price
    return price is not None and 0 < price <= PRICE_MAX and 0 < order.qty <= QTY_MAX


def check_qty(qty: int) -> Refusal | None:
    """Whether a quantity is one."""
    return None if 0 < qty <= QTY_MAX else invalid(f"qty must be from 1 to {QTY_MAX} lots", "qty")


def check_price(price: int, field: str = "price") -> Refusal | None:
    """Whether a price is one."""
    return None if 0 < price <= PRICE_MAX else invalid(f"{field} must be from 1 to {PRICE_MAX} ticks", field)


def check_shape(order: NewOrder, now: int) -> Refusal | None:
    """Whether the fields of an order go together, whatever the market."""
    for refusal in (check_qty(order.qty), _check_prices(order), _check_time(order, now)):
        if refusal is not None:
            return refusal
    immediate = order.tif in _AT_ONCE or order.type in (_MARKET, OrderType.STOP)
    if order.post_only and immediate:
        return invalid("an order that may not rest cannot be post_only", "post_only")
    if order.display_qty is not None:
        if immediate or order.reduce_only:
            return invalid("only a resting order that is not reduce_only can be an iceberg", "display_qty")
        if not 0 < order.display_qty <= order.qty:
            return invalid("display_qty must be between 1 and qty", "display_qty")
    return None


def _check_prices(order: NewOrder) -> Refusal | None:
    needs_price = order.type in _LIMIT_TYPES
    needs_stop = order.type in _STOP_TYPES
    for field, value, needed in (("price", order.price, needs_price), ("stop_price", order.stop_price, needs_stop)):
        if needed and value is None:
            return invalid(f"{order.type.value} orders need a {field}", field)
        if not needed and value is not None:
            return invalid(f"{order.type.value} orders have no {field}", field)
        refusal = None if value is None else check_price(value, field)
        if refusal is not None:
            return refusal
    return None


def _check_time(order: NewOrder, now: int) -> Refusal | None:
    if order.tif is _GTD:
        if order.expires_at is None or order.expires_at <= now:
            return invalid("GTD orders need expires_at in the future", "expires_at")
    elif order.expires_at is not None:
        return invalid("only GTD orders expire at a time", "expires_at")
    if order.tif in _AT_ONCE and order.type in _STOP_TYPES:
        return invalid("a stop waits; its tif is GTC, DAY or GTD", "tif")
    return None


def check_band(market: Market, price: int) -> Refusal | None:
    """Whether a limit price is near enough to the last."""
    lowest, highest = market.lowest, market.highest
    if lowest <= price <= highest:
        return None
    return RejectCode.PRICE_OUT_OF_BAND, f"price must be from {lowest} to {highest} ticks", "price"


def check_size(limits: AccountLimits, qty: int, value: int) -> Refusal | None:
    """Whether an order's quantity and value (minor units) are within the account's limits."""
    if value > NOTIONAL_MAX:
        return RejectCode.ORDER_LIMIT, f"an order may be worth {NOTIONAL_MAX} minor units at most", "qty"
    limit = limits.max_order_qty
    if limit is not None and qty > limit:
        return RejectCode.ORDER_LIMIT, f"an order may have {limit} lots at most", "qty"
    limit = limits.max_order_notional
    if limit is not None and value > limit:
        return RejectCode.ORDER_LIMIT, f"an order may be worth {limit} minor units at most", "qty"
    return None


def check_sums(position: Position, more: int) -> Refusal | None:
    """Whether the account's sums stay within bounds if ``more`` minor units than now are at stake, and all trade."""
    account = position.account
    room = SUMS_MAX - account.at_stake - more
    if -room <= account.cash <= room and -room <= position.cost <= room and -room <= position.realized_pnl <= room:
        return None
    return RejectCode.ORDER_LIMIT, f"the account's sums may come to {SUMS_MAX} minor units at most", "qty"


def check_reach(position: Position, buys: int, sells: int, reducing: int) -> Refusal | None:
    """Whether the position may become what it would if ``buys`` lots, or ``sells`` lots, traded.

    Reduce-only orders, ``reducing`` lots in all, may trade before them, and close the position first.
    """
    limits = position.account.limits
    limit = limits.max_position
    held = position.qty
    highest = held + buys + (min(reducing, -held) if held < 0 else 0)
    lowest = held - sells - (min(reducing, held) if held > 0 else 0)
    if limit is not None and ((buys and highest > limit) or (sells and -lowest > limit)):
        return RejectCode.POSITION_LIMIT, f"the position may be {limit} lots at most", "qty"
    if lowest < 0 < sells and not limits.short_selling:
        return RejectCode.POSITION_LIMIT, f"the account may not sell short: {-lowest} lots are not its own", "qty"
    return None


def check_funds(
    position: Position, buy_qty: int, buy_hold: int, sell_qty: int, sell_hold: int, reducing: int
) -> Refusal | None:
    """Whether the account could hold back what these open orders in one instrument need."""
    need = position.needed(buy_qty, buy_hold, sell_qty, sell_hold, reducing)
    short = need - position.need
    if short > 0:
        short -= position.account.headroom
        if short > 0:
            return lacking("buying power", short)
    more = buy_hold - position.buy_hold
    return check_payment(position.account, more) if more > 0 else None


def check_payment(account: Account, more: int = 0) -> Refusal | None:
    """Whether an account that is short could pay all its buys, and ``more`` minor units: those that close a position
    are held back from no buying power, but nobody pays what he does not have."""
    if not account.shorts:
        return None
    short = account.buys + more - account.funds
    if short > 0:
        return lacking("cash", short)
    return None


def check_rate(account: Account, now: int) -> Refusal | None:
    """Whether the account may send one more order in this second."""
    times = account.order_times
    if times.maxlen and len(times) == times.maxlen and now - times[0] < SECOND:
        return RejectCode.RATE_LIMITED, f"{times.maxlen} orders a second are the account's limit", None
    return None


def check_room(account: Account, orders: int = 1) -> Refusal | None:
    """Whether the account may have so many more working orders."""
    limit = account.limits.max_working_orders
    if limit is not None and len(account.orders) + orders > limit:
        return RejectCode.ORDER_LIMIT, f"the account may have {limit} working orders at most", None
    return None

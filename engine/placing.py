"""Placing an order: from the command through the checks to matching, resting and the answer."""

from __future__ import annotations

from engine.commands import NewOrder
from engine.events import OrderAccepted
from engine.exchange import Exchange, Refusal
from engine.ledger import ANSWERS_KEPT, Account, Position
from engine.market import Market
from engine.matching import Fill
from engine.risk import check_band, check_funds, check_limits, check_rate, check_room, check_shape
from engine.service import OrderAnswer
from engine.settlement import settle
from engine.types import (
    CancelReason,
    InstrumentStatus,
    OrderStatus,
    OrderType,
    RejectCode,
    Side,
    TimeInForce,
)
from engine.working_order import WorkingOrder

_FOK = TimeInForce.FOK
_IOC = TimeInForce.IOC


def place(x: Exchange, account: Account, market: Market, command: NewOrder) -> Refusal | None:
    """Accept and execute a new order, or say why not; a refused order changes nothing."""
    refusal = check_phase(market, command) or check_shape(command, x.now) or check_rate(account, x.now)
    if refusal is not None:
        return refusal
    position = account.position(market)
    key, hold, refusal = price(position, command)
    if refusal is not None:
        return refusal
    order = WorkingOrder(x.next_order_id, position, command, key, hold, x.now)
    x.next_order_id += 1
    account.order_times.append(x.now)
    accepted(x, order)
    notional = execute(x, order)
    if command.client_order_id is not None:
        _remember(account, command.client_order_id, order, notional)
    return None


def check_phase(market: Market, command: NewOrder) -> Refusal | None:
    """Whether the instrument's trading phase takes such an order."""
    if market.status is InstrumentStatus.OPEN:
        return None
    if market.status is not InstrumentStatus.AUCTION:
        return RejectCode.INSTRUMENT_HALTED, "the instrument is halted", None
    if command.type is OrderType.MARKET or command.tif in (_IOC, _FOK) or command.post_only or command.reduce_only:
        return RejectCode.INSTRUMENT_HALTED, "an auction takes plain limit orders only", None
    return None


def price(position: Position, order: NewOrder) -> tuple[int, int, Refusal | None]:
    """Signed limit price of an order and minor units to hold back for each lot, or why the market refuses it."""
    market = position.market
    side = order.side
    buying = side is Side.BUY
    if order.price is None:
        key = market.protection(buying=buying)
        lots, hold = sweep(position, key, order.qty)
        if not lots:
            return 0, 0, (RejectCode.NO_LIQUIDITY, "there is nothing to trade with inside the price band", None)
        value = hold
        lot_hold = 0
    else:
        refusal = check_band(market, order.price)
        if refusal is not None:
            return 0, 0, refusal
        key = order.price if buying else -order.price
        lots = order.qty
        lot_hold = market.lot_hold(order.price if buying else sell_price(market, order.price))
        hold = lot_hold * lots
        value = order.price * lots * market.tick_value
        refusal = check_execution(position, order, key)
        if refusal is not None:
            return 0, 0, refusal
    refusal = check_limits(position, position.account.limits, side, order.qty, value) or check_funds(
        position, side, lots, hold
    )
    return key, lot_hold, refusal


def sell_price(market: Market, limit: int) -> int:
    """The price at which a sale is held to open a short position: it may trade above its limit."""
    bid = market.engine.book.best_bid()
    return max(limit, market.mark, bid or 0)


def sweep(position: Position, limit_key: int, qty: int) -> tuple[int, int]:
    """How many of ``qty`` lots would trade at once, and the minor units they cost at most, fees included."""
    market = position.market
    owner = position.account.number
    wanted = qty
    hold = 0
    for level in market.engine.book.opposite(limit_key):
        if not wanted or limit_key + level.key < 0:
            break
        lot_hold = market.lot_hold(abs(level.key))
        for maker in level:
            if maker.owner != owner:
                lots = min(wanted, maker.shown + maker.hidden)
                wanted -= lots
                hold += lots * lot_hold
                if not wanted:
                    break
    return qty - wanted, hold


def check_execution(position: Position, order: NewOrder, key: int) -> Refusal | None:
    """Whether the book lets an order do what it insists on."""
    market = position.market
    if order.post_only:
        if market.engine.would_cross(key):
            return RejectCode.WOULD_CROSS, "a post_only order would trade at once", "price"
    elif order.tif is _FOK:
        account = position.account
        if not market.engine.can_fill(account.number, key, order.qty, account.stp):
            return RejectCode.WOULD_NOT_FILL, "the whole quantity cannot trade at once", "qty"
        return None
    if order.tif is not _IOC:
        return check_room(position.account)
    return None


def accepted(x: Exchange, order: WorkingOrder) -> None:
    """Say that an order has an id from now on."""
    entry = order.entry
    x.events.append(
        OrderAccepted(
            order_id=order.order_id,
            account=entry.account,
            symbol_id=entry.symbol_id,
            side=entry.side,
            order_type=entry.type,
            qty=entry.qty,
            price=entry.price,
            stop_price=entry.stop_price,
            tif=entry.tif,
            expires_at=entry.expires_at,
            post_only=entry.post_only,
            reduce_only=entry.reduce_only,
            display_qty=entry.display_qty,
            client_order_id=entry.client_order_id,
        )
    )


def execute(x: Exchange, order: WorkingOrder) -> int:
    """Match an order that is in no book, then rest or cancel what is left; the ticks times lots it traded."""
    position = order.position
    market = position.market
    entry = order.entry
    engine = market.engine
    notional = 0
    if market.status is InstrumentStatus.OPEN:
        fills: list[Fill] = []
        engine.match(order, order.key, position.account.stp, fills)
        if fills:
            notional = settle(x, order, fills)
        if not order.shown:
            return notional
        if engine.self_trade:
            x.canceled(order, CancelReason.SELF_TRADE)
            return notional
    if entry.price is None:
        banded = engine.book.opposite(order.key).keys
        x.canceled(order, CancelReason.PRICE_BAND if banded else CancelReason.IOC_REMAINDER)
    elif entry.tif is _IOC or entry.tif is _FOK:
        x.canceled(order, CancelReason.IOC_REMAINDER)
    else:
        order.display = entry.display_qty or 0
        x.rest(order)
        if order.order_id not in position.account.orders:
            x.enter(order)
    return notional


def _remember(account: Account, client_order_id: str, order: WorkingOrder, notional: int) -> None:
    """Keep the answer, to give it again should the same order come again."""
    answers = account.answers
    if len(answers) >= ANSWERS_KEPT:
        del answers[next(iter(answers))]
    leaves = order.shown + order.hidden if order.order_id in account.orders else 0
    if leaves:
        status = OrderStatus.PENDING_TRIGGER if order.waiting else OrderStatus.WORKING
    else:
        status = OrderStatus.FILLED if order.cum == order.qty else OrderStatus.CANCELED
    answers[client_order_id] = OrderAnswer(
        order_id=order.order_id, status=status, leaves_qty=leaves, cum_qty=order.cum, cum_notional=notional
    )

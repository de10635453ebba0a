"""Placing an order: from the command through the checks to matching, resting and the answer."""

from __future__ import annotations

from engine.auction import interrupt
from engine.commands import NewOrder
from engine.events import OrderAccepted
from engine.exchange import Exchange, Refusal
from engine.ledger import ANSWERS_KEPT, Account, Position
from engine.market import Market
from engine.matching import WORST_ASK, WORST_BID, Fill
from engine.reducing import reducible, trim
from engine.risk import check_band, check_funds, check_rate, check_reach, check_room, check_shape, check_size
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
    refusal = check_shape(command, x.now)
    if refusal is None and market.status is not InstrumentStatus.OPEN:
        refusal = check_phase(market, command)
    if refusal is None and account.order_times.maxlen:
        refusal = check_rate(account, x.now)
    if refusal is not None:
        return refusal
    position = account.position(market)
    stop_price = command.stop_price
    if stop_price is None:
        key, hold, refusal = terms(position, command, command.price, command.qty)
    else:
        key, hold, refusal = _waiting_terms(position, command)
    if refusal is not None:
        return refusal
    order = WorkingOrder(x.next_order_id, position, command, key, hold, x.now)
    x.next_order_id += 1
    account.order_times.append(x.now)
    accepted(x, order)
    notional = 0
    if stop_price is None:
        notional = execute(x, order)
    else:
        x.wait(order, stop_price)
        x.enter(order)
    if command.client_order_id is not None:
        _remember(account, command.client_order_id, order, notional)
    return None


def check_phase(market: Market, command: NewOrder) -> Refusal | None:
    """Whether an instrument that is not open takes such an order."""
    if market.status is not InstrumentStatus.AUCTION:
        return RejectCode.INSTRUMENT_HALTED, "the instrument is halted", None
    if command.type is OrderType.MARKET or command.tif in (_IOC, _FOK) or command.post_only or command.reduce_only:
        return RejectCode.INSTRUMENT_HALTED, "an auction takes plain limit orders and stops only", None
    return None


def terms(position: Position, order: NewOrder, limit: int | None, qty: int) -> tuple[int, int, Refusal | None]:
    """Signed limit price and minor units to hold back for each lot of an order about to enter the market.

    ``limit`` None is a market order. Says instead why the market or the account cannot take the order.
    """
    market = position.market
    buying = order.side is Side.BUY
    if limit is None:
        key = market.protection(buying=buying)
        lots, hold = sweep(position, key, qty)
        if not lots:
            return 0, 0, (RejectCode.NO_LIQUIDITY, "there is nothing to trade with inside the price band", None)
        lot_hold = 0
        value = hold
        refusal = _check_fill(position, order, key, qty)
    else:
        key = limit if buying else -limit
        lots = qty
        lot_hold = market.lot_hold(limit if buying else sell_price(market, limit))
        hold = lot_hold * qty
        value = limit * qty * market.tick_value
        refusal = check_band(market, limit) or _check_execution(position, order, key, qty)
    if refusal is None:
        refusal = check_size(position.account.limits, qty, value) or _check_risk(position, order, qty, lots, hold)
    return key, lot_hold, refusal


def _waiting_terms(position: Position, order: NewOrder) -> tuple[int, int, Refusal | None]:
    """The same for a stop, which is checked against market and buying power only when it is triggered."""
    buying = order.side is Side.BUY
    worst = WORST_BID if buying else WORST_ASK
    key = worst if order.price is None else order.price if buying else -order.price
    value = order.qty * max(order.price or 0, order.stop_price or 0) * position.market.tick_value
    return key, 0, check_size(position.account.limits, order.qty, value) or check_room(position.account)


def _check_risk(position: Position, order: NewOrder, qty: int, lots: int, hold: int) -> Refusal | None:
    """Whether position limits and buying power allow ``qty`` lots more, of which ``lots`` hold back ``hold`` in all."""
    p = position
    if order.reduce_only:
        return check_reducing(p, order.side, qty) or check_funds(
            p, p.buy_qty, p.buy_hold, p.sell_qty, p.sell_hold, p.reducing + qty
        )
    if order.side is Side.BUY:
        return check_reach(p, p.buy_qty + qty, 0) or check_funds(
            p, p.buy_qty + lots, p.buy_hold + hold, p.sell_qty, p.sell_hold, p.reducing
        )
    closing = min(p.reducing, max(p.qty, 0)) if p.reducing else 0
    return check_reach(p, 0, p.sell_qty + qty + closing) or check_funds(
        p, p.buy_qty, p.buy_hold, p.sell_qty + lots, p.sell_hold + hold, p.reducing
    )


def check_reducing(position: Position, side: Side, qty: int) -> Refusal | None:
    """Whether ``qty`` lots only reduce the position, and leave other orders of the account what they need."""
    lots = reducible(position, side)
    if qty > lots:
        return RejectCode.WOULD_NOT_REDUCE, f"the position can be reduced by {lots} lots", "qty"
    if side is Side.SELL and not position.account.limits.short_selling:
        return check_reach(position, 0, position.sell_qty + min(position.reducing + qty, lots))
    return None


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
        lot_hold = market.lot_hold(level.price)
        for maker in level:
            if maker.owner != owner:
                lots = min(wanted, maker.shown + maker.hidden)
                wanted -= lots
                hold += lots * lot_hold
                if not wanted:
                    break
    return qty - wanted, hold


def _check_execution(position: Position, order: NewOrder, key: int, qty: int) -> Refusal | None:
    """Whether the book lets an order do what it insists on."""
    if order.post_only and position.market.engine.would_cross(key):
        return RejectCode.WOULD_CROSS, "a post_only order would trade at once", "price"
    if order.tif is _FOK:
        return _check_fill(position, order, key, qty)
    return None if order.tif is _IOC else check_room(position.account)


def _check_fill(position: Position, order: NewOrder, key: int, qty: int) -> Refusal | None:
    """Whether a fill-or-kill order can be filled."""
    account = position.account
    market = position.market
    if order.tif is _FOK and not market.engine.can_fill(account.number, market.calm(key), qty, account.stp):
        return RejectCode.WOULD_NOT_FILL, "the whole quantity cannot trade at once", "qty"
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
    if engine.would_cross(order.key) and market.status is InstrumentStatus.OPEN:
        notional = _match(x, order)
        if not order.shown:
            return notional
        if engine.self_trade:
            x.canceled(order, CancelReason.SELF_TRADE)
            return notional
        if engine.would_cross(order.key):
            interrupt(x, market)
    if entry.type is OrderType.MARKET or entry.type is OrderType.STOP:
        banded = bool(engine.book.opposite(order.key).keys)
        x.canceled(order, CancelReason.PRICE_BAND if banded else CancelReason.IOC_REMAINDER)
    elif entry.tif is _IOC or entry.tif is _FOK:
        x.canceled(order, CancelReason.IOC_REMAINDER)
    else:
        order.display = entry.display_qty or 0
        x.rest(order)
        if order.order_id not in position.account.orders:
            x.enter(order)
    return notional


def _match(x: Exchange, order: WorkingOrder) -> int:
    """Match and settle, as far as the market stays calm.

    Reduce-only orders in the way are trimmed first to what the fills so far have left to reduce.
    """
    market = order.position.market
    engine = market.engine
    limit_key = market.calm(order.key)
    stp = order.position.account.stp
    fills: list[Fill] = []
    notional = 0
    while True:
        engine.match(order, limit_key, stp, fills)
        if fills:
            notional += settle(x, order, fills)
        paused = engine.paused
        if paused is None:
            return notional
        if isinstance(paused, WorkingOrder):
            trim(x, paused, reducible(paused.position, paused.entry.side))
        engine.cleared = paused


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

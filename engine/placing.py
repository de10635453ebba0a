"""Placing an order: from the command through the checks to matching, resting and the answer."""

from __future__ import annotations

from typing import Final

from engine.auction import interrupt
from engine.commands import NewOrder
from engine.events import OrderAccepted
from engine.exchange import Exchange, Refusal
from engine.ledger import Account, Position
from engine.market import Market
from engine.matching import WORST_ASK, WORST_BID, Fill
from engine.reducing import reducible, trim
from engine.risk import (
    NOTIONAL_MAX,
    check_band,
    check_payment,
    check_rate,
    check_reach,
    check_room,
    check_shape,
    check_size,
    check_sums,
    is_plain,
    lacking,
)
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

_FOK: Final = TimeInForce.FOK
_IOC: Final = TimeInForce.IOC
_BUY: Final = Side.BUY
_OPEN: Final = InstrumentStatus.OPEN
_LIMIT: Final = OrderType.LIMIT
_MARKET: Final = OrderType.MARKET
_STOP: Final = OrderType.STOP
_PENDING_TRIGGER: Final = OrderStatus.PENDING_TRIGGER
_WORKING: Final = OrderStatus.WORKING
_FILLED: Final = OrderStatus.FILLED
_CANCELED: Final = OrderStatus.CANCELED


def place(x: Exchange, account: Account, market: Market, command: NewOrder) -> Refusal | None:
    """Accept and execute a new order, or say why not; a refused order changes nothing."""
    plain = is_plain(command)
    refusal = None if plain else check_shape(command, x.now)
    if refusal is None and market.status is not _OPEN:
        refusal = check_phase(market, command)
    rated = account.order_times.maxlen
    if refusal is None and rated:
        refusal = check_rate(account, x.now)
    if refusal is not None:
        return refusal
    position = account.position(market)
    stop_price = None if plain else command.stop_price
    if stop_price is None:
        key, hold, refusal = terms(position, command, command.price, command.qty, plain=plain)
    else:
        key, hold, refusal = _waiting_terms(position, command)
    if refusal is None and (
        plain or (command.type is not _MARKET and command.tif is not _IOC and command.tif is not _FOK)
    ):
        refusal = check_room(account)
    if refusal is not None:
        return refusal
    order = WorkingOrder(x.next_order_id, position, command, key, hold, x.now)
    order.plain = plain
    if stop_price is None:
        refusal = secure(order)
        if refusal is not None:
            return refusal
    x.next_order_id += 1
    if rated:
        account.order_times.append(x.now)
    accepted(x, order)
    notional = 0
    if stop_price is None:
        notional = execute(x, order)
    else:
        x.wait(order, stop_price)
        x.enter(order)
    if command.client_order_id is not None:
        x.ledger.keep_answer(account, command.client_order_id, _answer(order, notional))
    return None


def check_phase(market: Market, command: NewOrder) -> Refusal | None:
    """Whether an instrument that is not open takes such an order."""
    if market.status is not InstrumentStatus.AUCTION:
        return RejectCode.INSTRUMENT_HALTED, "the instrument is halted", None
    if command.type is _MARKET or command.tif in (_IOC, _FOK) or command.post_only or command.reduce_only:
        return RejectCode.INSTRUMENT_HALTED, "an auction takes plain limit orders and stops only", None
    return None


def terms(
    position: Position, order: NewOrder, limit: int | None, qty: int, *, plain: bool = False
) -> tuple[int, int, Refusal | None]:
    """Signed limit price and minor units to hold back for each lot of an order about to enter the market.

    ``limit`` None is a market order. Says instead why market or limits cannot take the order.
    """
    market = position.market
    account = position.account
    buying = order.side is _BUY
    if limit is None:
        key = market.protection(buying=buying)
        value = sweep(position, key, qty)
        if not value:
            return 0, 0, (RejectCode.NO_LIQUIDITY, "there is nothing to trade with inside the price band", None)
        hold = -(-value // qty)
        refusal = _check_fill(position, order, key, qty)
    else:
        key = limit if buying else -limit
        hold = market.lot_hold(limit if buying else sell_price(market, limit))
        value = hold * qty
        refusal = check_band(market, limit)
        if refusal is None and not plain:
            refusal = _check_execution(position, order, key, qty)
    if refusal is None and not plain and order.reduce_only:
        refusal = _check_reducing(position, order.side, qty)
    if refusal is None and (account.limited or value > NOTIONAL_MAX):
        refusal = _check_limits(position, order, qty, value)
    return key, hold, refusal


def secure(order: WorkingOrder) -> Refusal | None:
    """Reserve what an order about to enter the market may need, or say that the account cannot afford it."""
    position = order.position
    before = position.need
    leaves = order.qty - order.cum
    order.reserve(leaves)
    refusal = check_sums(position, 0)
    if position.need > before and refusal is None:
        short = -position.account.headroom
        if short > 0:
            refusal = lacking("buying power", short)
    if position.account.shorts and order.key > 0 and refusal is None:
        refusal = check_payment(position.account, leaves * order.hold if order.guarded else 0)
    if refusal is not None:
        order.reserve(-leaves)
    return refusal


def _waiting_terms(position: Position, order: NewOrder) -> tuple[int, int, Refusal | None]:
    """The same for a stop, which is checked against market and buying power only when it is triggered."""
    buying = order.side is _BUY
    worst = WORST_BID if buying else WORST_ASK
    key = worst if order.price is None else order.price if buying else -order.price
    value = order.qty * max(order.price or 0, order.stop_price or 0) * position.market.tick_value
    return key, 0, check_size(position.account.limits, order.qty, value)


def _check_reducing(position: Position, side: Side, qty: int) -> Refusal | None:
    """Whether ``qty`` lots only reduce the position."""
    lots = reducible(position, side)
    if qty > lots:
        return RejectCode.WOULD_NOT_REDUCE, f"the position can be reduced by {lots} lots", "qty"
    return None


def _check_limits(position: Position, order: NewOrder, qty: int, value: int) -> Refusal | None:
    """Whether the account's limits allow an order of this size, and the position it could lead to."""
    refusal = check_size(position.account.limits, qty, value)
    if refusal is not None:
        return refusal
    plain, reducing = (0, position.reducing + qty) if order.reduce_only else (qty, position.reducing)
    if order.side is _BUY:
        return check_reach(position, position.buy_qty + plain, 0, reducing)
    return check_reach(position, 0, position.sell_qty + plain, reducing)


def sell_price(market: Market, limit: int) -> int:
    """The price at which a sale is held to open a short position: it may trade above its limit."""
    return max(limit, market.mark, market.engine.book.bids.best)


def sweep(position: Position, limit_key: int, qty: int) -> int:
    """Minor units, fees included, that those of ``qty`` lots cost at most which would trade at once.

    A reduce-only order in the way of a buy may turn out smaller, so that the buy goes deeper: they count last.
    """
    market = position.market
    owner = position.account.number
    wanted = qty
    cost = 0
    book = market.engine.book
    doubtful: list[tuple[int, int]] = []
    for level in book.best_first(book.opposite(limit_key)):
        if not wanted or limit_key + book.key_of[level] < 0:
            break
        lot_hold = market.lot_hold(book.price(level))
        for slot in book.queue(level):
            if book.owners[slot] == owner:
                continue
            if slot in book.guarded and limit_key > 0:
                doubtful.append((book.open_lots(slot), lot_hold))
                continue
            lots = min(wanted, book.open_lots(slot))
            wanted -= lots
            cost += lots * lot_hold
            if not wanted:
                break
    while wanted and doubtful:
        lots, lot_hold = doubtful.pop()
        lots = min(wanted, lots)
        wanted -= lots
        cost += lots * lot_hold
    return cost


def _check_execution(position: Position, order: NewOrder, key: int, qty: int) -> Refusal | None:
    """Whether the book lets an order do what it insists on."""
    if order.post_only and position.market.engine.book.crosses(key):
        return RejectCode.WOULD_CROSS, "a post_only order would trade at once", "price"
    return _check_fill(position, order, key, qty) if order.tif is _FOK else None


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
    if order.plain:  # what it leaves at its default is not said either
        event = OrderAccepted(
            order_id=order.order_id,
            account=entry.account,
            symbol_id=entry.symbol_id,
            side=entry.side,
            order_type=_LIMIT,
            qty=order.qty,
            price=abs(order.key),
            client_order_id=entry.client_order_id,
        )
        x.events.append(event)
        return
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
    book = market.engine.book
    notional = 0
    if book.crosses(order.key) and market.status is _OPEN:
        notional = _match(x, order)
        if order.cum == order.qty:
            return notional
        if market.engine.self_trade:
            _drop_rest(x, order, CancelReason.SELF_TRADE)
            return notional
        if book.crosses(order.key):
            interrupt(x, market)
    if not order.plain:
        entry = order.entry
        if entry.tif is _IOC or entry.tif is _FOK or entry.type is _MARKET or entry.type is _STOP:
            banded = (entry.price is None) and book.opposite(order.key).best != 0
            _drop_rest(x, order, CancelReason.PRICE_BAND if banded else CancelReason.IOC_REMAINDER)
            return notional
        if entry.display_qty is not None:
            order.display = entry.display_qty
    x.rest(order)
    if order.order_id not in position.account.orders:
        x.enter(order)
    return notional


def _drop_rest(x: Exchange, order: WorkingOrder, reason: CancelReason) -> None:
    """Cancel what is left of an order that is in no book."""
    order.reserve(-order.leaves)
    x.canceled(order, reason)


def _match(x: Exchange, order: WorkingOrder) -> int:
    """Match and settle, as far as the market stays calm.

    Reduce-only orders in the way are trimmed first to what the fills so far have left to reduce.
    """
    market = order.position.market
    engine = market.engine
    limit_key = market.calm(order.key)
    account = order.position.account
    fills: list[Fill] = []
    notional = 0
    while True:
        engine.match(account.number, limit_key, order.qty - order.cum, account.stp, fills)
        if fills:
            notional += settle(x, order, fills)
        paused = engine.paused
        if not paused:
            return notional
        maker = x.orders[engine.book.ids[paused]]
        trim(x, maker, reducible(maker.position, maker.entry.side))
        engine.cleared = paused


def _answer(order: WorkingOrder, notional: int) -> OrderAnswer:
    """What an order is answered, kept to be given again should the same order come again.

    It is ``answering.order_answer`` of the events so far, without looking through them; stops may yet change it.
    """
    leaves = order.leaves if order.order_id in order.position.account.orders else 0
    if leaves:
        status = _PENDING_TRIGGER if order.waiting else _WORKING
    else:
        status = _FILLED if order.cum == order.qty else _CANCELED
    return OrderAnswer(
        order_id=order.order_id, status=status, leaves_qty=leaves, cum_qty=order.cum, cum_notional=notional
    )

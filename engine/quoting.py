"""Mass quotes: a market maker's whole two-sided quote in one command, all of it or nothing."""

from __future__ import annotations

from typing import TypeAlias

from engine.book import BookSide
from engine.commands import MassQuote, NewOrder, Quote
from engine.exchange import Exchange, Refusal
from engine.ledger import Account, Position
from engine.market import Market
from engine.placing import accepted, sell_price
from engine.replacing import give_back
from engine.risk import (
    PRICE_MAX,
    QTY_MAX,
    check_band,
    check_funds,
    check_rate,
    check_reach,
    check_room,
    check_size,
    check_sums,
    invalid,
)
from engine.types import CancelReason, InstrumentStatus, RejectCode, Side
from engine.working_order import WorkingOrder

Wanted: TypeAlias = dict[int, int]
"""Lots by signed price."""


def quote(x: Exchange, account: Account, market: Market, command: MassQuote) -> Refusal | None:
    """Replace the account's quotes by those of the command, or say why not."""
    position = account.position(market)
    wanted: Wanted = {}
    refusal = (
        _check_phase(market)
        or check_rate(account, x.now)
        or _collect(market, command, wanted)
        or _check_crossing(position, wanted)
        or _check_risk(position, wanted)
    )
    if refusal is not None:
        return refusal
    for key in sorted(position.quotes):
        if key not in wanted:
            x.cancel(position.quotes[key], CancelReason.REPLACED)
    for key, qty in wanted.items():
        present = position.quotes.get(key)
        if present is None:
            _add(x, position, key, qty)
        elif qty != present.leaves:
            _change(x, position, present, qty)
    if x.events:  # a quote that changes nothing leaves no trace
        account.order_times.append(x.now)
    return None


def _check_phase(market: Market) -> Refusal | None:
    if market.open_for_orders:
        return None
    return RejectCode.INSTRUMENT_HALTED, "the instrument is halted", None


def _collect(market: Market, command: MassQuote, wanted: Wanted) -> Refusal | None:
    """Check each level by itself and put it under its signed price."""
    for sign, field, quotes in ((1, "bids", command.bids), (-1, "asks", command.asks)):
        for level in quotes:
            if not 0 < level.qty <= QTY_MAX or not 0 < level.price <= PRICE_MAX:
                return invalid("price and qty must be positive", field)
            refusal = check_band(market, level.price)
            if refusal is not None:
                return refusal
            if sign * level.price in wanted:
                return invalid("a price may be quoted once", field)
            wanted[sign * level.price] = level.qty
    if command.bids and command.asks and _best(command.bids, 1) + _best(command.asks, -1) >= 0:
        return RejectCode.WOULD_CROSS, "the quote crosses itself", "bids"
    return None


def _best(quotes: tuple[Quote, ...], sign: int) -> int:
    return max(sign * level.price for level in quotes)


def _check_crossing(position: Position, wanted: Wanted) -> Refusal | None:
    """Quotes are post-only; only the quotes that they replace may stand in their way."""
    if position.market.status is not InstrumentStatus.OPEN:
        return None
    book = position.market.engine.book
    for side, best in (
        (book.asks, max((key for key in wanted if key > 0), default=None)),
        (book.bids, max((key for key in wanted if key < 0), default=None)),
    ):
        if best is not None and _crosses(position, side, best):
            return RejectCode.WOULD_CROSS, "a quote would trade at once", "bids" if best > 0 else "asks"
    return None


def _crosses(position: Position, side: BookSide, key: int) -> bool:
    for level in side:
        if key + level.key < 0:
            return False
        for order in level:
            if position.quotes.get(order.key) is not order:
                return True
    return False


def _check_risk(position: Position, wanted: Wanted) -> Refusal | None:
    """Whether limits and buying power allow the quote in the place of the present one."""
    p = position
    market = p.market
    limits = p.account.limits
    buy_qty, buy_hold, sell_qty, sell_hold = p.buy_qty, p.buy_hold, p.sell_qty, p.sell_hold
    for order in p.quotes.values():
        if order.key > 0:
            buy_qty, buy_hold = buy_qty - order.leaves, buy_hold - order.leaves * order.hold
        else:
            sell_qty, sell_hold = sell_qty - order.leaves, sell_hold - order.leaves * order.hold
    for key, qty in wanted.items():
        refusal = check_size(limits, qty, abs(key) * qty * market.tick_value)
        if refusal is not None:
            return refusal
        hold = qty * _lot_hold(p, key, qty)
        if key > 0:
            buy_qty, buy_hold = buy_qty + qty, buy_hold + hold
        else:
            sell_qty, sell_hold = sell_qty + qty, sell_hold + hold
    buys = buy_qty if buy_qty > p.buy_qty else 0
    sells = sell_qty + (min(p.reducing, p.qty) if p.qty > 0 else 0) if sell_qty > p.sell_qty else 0
    return (
        check_room(p.account, len(wanted) - len(p.quotes))
        or check_reach(p, buys, sells)
        or check_sums(p, buy_hold - p.buy_hold + sell_hold - p.sell_hold)
        or check_funds(p, buy_qty, buy_hold, sell_qty, sell_hold, p.reducing)
    )


def _lot_hold(position: Position, key: int, qty: int) -> int:
    """Minor units to hold back for each lot at this level; one that keeps its place keeps what it holds."""
    present = position.quotes.get(key)
    if present is not None and qty <= present.leaves:
        return present.hold
    market = position.market
    return market.lot_hold(key if key > 0 else sell_price(market, -key))


def _add(x: Exchange, position: Position, key: int, qty: int) -> None:
    entry = NewOrder(
        account=position.account.id,
        symbol_id=position.market.symbol_id,
        side=Side.BUY if key > 0 else Side.SELL,
        qty=qty,
        price=abs(key),
        post_only=True,
    )
    order = WorkingOrder(x.next_order_id, position, entry, key, _lot_hold(position, key, qty), x.now)
    x.next_order_id += 1
    order.quote = True
    position.quotes[key] = order
    accepted(x, order)
    order.reserve(qty)
    x.rest(order)
    x.enter(order)


def _change(x: Exchange, position: Position, present: WorkingOrder, qty: int) -> None:
    if qty < present.leaves:
        give_back(x, present, present.leaves - qty)
        return
    hold = _lot_hold(position, present.key, qty)
    x.lift(present)
    present.hold = hold
    present.qty = present.cum + qty
    present.shown = qty
    present.reserve(qty)
    x.replaced(present, priority_kept=False)
    x.rest(present)

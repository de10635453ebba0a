"""Mass quotes: a market maker's whole two-sided quote in one command, all of it or nothing."""

from __future__ import annotations

from typing import Final, TypeAlias

from engine.commands import MassQuote, NewOrder, Quote
from engine.exchange import Exchange, Refusal
from engine.ledger import Account, Position
from engine.market import Market
from engine.placing import accepted, sell_price
from engine.risk import (
    NOTIONAL_MAX,
    PRICE_MAX,
    QTY_MAX,
    check_band,
    check_funds,
    check_price,
    check_qty,
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

_REPLACED: Final = CancelReason.REPLACED
_OPEN: Final = InstrumentStatus.OPEN


class _Outcome:
    """What the account would have open in the instrument with the new quotes in the place of the present ones."""

    __slots__ = ("buy_hold", "buy_qty", "holds", "sell_hold", "sell_qty")

    def __init__(self, position: Position) -> None:
        self.buy_qty = position.buy_qty
        self.buy_hold = position.buy_hold
        self.sell_qty = position.sell_qty
        self.sell_hold = position.sell_hold
        self.holds: dict[int, int] = {}
        """Minor units to hold back for each lot, by signed price."""


def quote(x: Exchange, account: Account, market: Market, command: MassQuote) -> Refusal | None:
    """Replace the account's quotes by those of the command, or say why not."""
    position = account.position(market)
    wanted: Wanted = {}
    refusal = check_rate(account, x.now) or _collect(market, command, wanted)
    if refusal is not None or _stands(position, wanted):
        return refusal
    outcome = _foresee(position, wanted)
    refusal = (
        _check_phase(position, wanted) or _check_crossing(position, wanted) or _check_risk(position, wanted, outcome)
    )
    if refusal is not None:
        return refusal
    quotes = position.quotes
    for key in sorted(quotes):
        if key not in wanted:
            _withdraw(x, quotes[key])
    for key, qty in wanted.items():
        present = quotes.get(key)
        if present is None:
            _add(x, position, key, qty, outcome.holds[key])
        elif qty != present.leaves:
            _change(x, present, qty, outcome.holds[key])
    _reserve(position, outcome)
    account.order_times.append(x.now)
    return None


def _check_phase(position: Position, wanted: Wanted) -> Refusal | None:
    """A halt takes only a quote that gives lots back."""
    if position.market.open_for_orders:
        return None
    for key, qty in wanted.items():
        present = position.quotes.get(key)
        if present is None or qty > present.leaves:
            return RejectCode.INSTRUMENT_HALTED, "the instrument is halted", None
    return None


def _collect(market: Market, command: MassQuote, wanted: Wanted) -> Refusal | None:
    """Check each level by itself and put it under its signed price."""
    lowest, highest = market.lowest, min(market.highest, PRICE_MAX)
    best_bid, best_ask = 0, PRICE_MAX + 1
    for level in command.bids:
        price = level.price
        if not 0 < level.qty <= QTY_MAX or not lowest <= price <= highest or price in wanted:
            return _fault(market, level, "bids")
        wanted[price] = level.qty
        best_bid = max(best_bid, price)
    for level in command.asks:
        price = level.price
        if not 0 < level.qty <= QTY_MAX or not lowest <= price <= highest or -price in wanted:
            return _fault(market, level, "asks")
        wanted[-price] = level.qty
        best_ask = min(best_ask, price)
    if best_bid >= best_ask:
        return RejectCode.WOULD_CROSS, "the quote crosses itself", "bids"
    return None


def _stands(position: Position, wanted: Wanted) -> bool:
    """Whether the account quotes just this already: then nothing happens, and the quote leaves no trace."""
    quotes = position.quotes
    if len(wanted) != len(quotes):
        return False
    for key, qty in wanted.items():
        present = quotes.get(key)
        if present is None or present.leaves != qty:
            return False
    return True


def _fault(market: Market, level: Quote, field: str) -> Refusal:
    """What is wrong with a level that cannot be quoted."""
    refusal = check_qty(level.qty) or check_price(level.price) or check_band(market, level.price)
    return _blaming(refusal, field) or invalid("a price may be quoted once", field)


def _check_crossing(position: Position, wanted: Wanted) -> Refusal | None:
    """Quotes are post-only; only the quotes that they replace may stand in their way."""
    if position.market.status is not _OPEN:
        return None
    book = position.market.engine.book
    bid, ask = book.bids.best, -book.asks.best or PRICE_MAX + 1
    for key in wanted:
        if (key >= ask if key > 0 else -key <= bid) and _meets_others(position, key):
            return RejectCode.WOULD_CROSS, "a quote would trade at once", "bids" if key > 0 else "asks"
    return None


def _meets_others(position: Position, key: int) -> bool:
    """Whether somebody else's order, or another of its own, is in the way of a quote at this signed price."""
    book = position.market.engine.book
    for level in book.best_first(book.opposite(key)):
        level_key = book.key_of[level]
        if key + level_key < 0:
            return False
        mine = position.quotes.get(level_key)
        for slot in book.queue(level):
            if mine is None or mine.slot != slot:
                return True
    return False


def _foresee(position: Position, wanted: Wanted) -> _Outcome:
    """What the quotes would leave open, and hold back."""
    outcome = _Outcome(position)
    market, quotes, holds = position.market, position.quotes, outcome.holds
    for order in quotes.values():
        if order.key > 0:
            outcome.buy_qty -= order.leaves
            outcome.buy_hold -= order.leaves * order.hold
        else:
            outcome.sell_qty -= order.leaves
            outcome.sell_hold -= order.leaves * order.hold
    least = sell_price(market, 0)
    for key, qty in wanted.items():
        present = quotes.get(key)
        if present is not None and qty <= present.leaves:
            hold = present.hold  # it keeps its place, and what it holds
        else:
            hold = market.lot_hold(key if key > 0 else max(-key, least))
        holds[key] = hold
        if key > 0:
            outcome.buy_qty += qty
            outcome.buy_hold += hold * qty
        else:
            outcome.sell_qty += qty
            outcome.sell_hold += hold * qty
    return outcome


def _check_risk(position: Position, wanted: Wanted, outcome: _Outcome) -> Refusal | None:
    """Whether limits and buying power allow the quote in the place of the present one."""
    p = position
    limited, tick_value = p.account.limited, p.market.tick_value
    for key, qty in wanted.items():
        value = abs(key) * qty * tick_value
        if limited or value > NOTIONAL_MAX:
            refusal = check_size(p.account.limits, qty, value)
            if refusal is not None:
                return _blaming(refusal, "bids" if key > 0 else "asks")
    buys = outcome.buy_qty if outcome.buy_qty > p.buy_qty else 0
    sells = outcome.sell_qty if outcome.sell_qty > p.sell_qty else 0
    buy_hold, sell_hold = outcome.buy_hold - p.buy_hold, outcome.sell_hold - p.sell_hold
    return (
        check_room(p.account, len(wanted) - len(p.quotes))
        or _blaming(check_reach(p, buys, 0, p.reducing), "bids")
        or _blaming(check_reach(p, 0, sells, p.reducing), "asks")
        or _blaming(
            check_sums(p, buy_hold + sell_hold)
            or check_funds(p, outcome.buy_qty, outcome.buy_hold, outcome.sell_qty, outcome.sell_hold, p.reducing),
            "bids" if buy_hold >= sell_hold else "asks",
        )
    )


def _blaming(refusal: Refusal | None, field: str) -> Refusal | None:
    """The refusal of an order, as that of a mass quote, which has other fields."""
    return None if refusal is None else (*refusal[:2], field)


def _reserve(position: Position, outcome: _Outcome) -> None:
    """Hold back what was foreseen, for all quotes at once."""
    p = position
    p.account.at_stake += outcome.buy_hold - p.buy_hold + outcome.sell_hold - p.sell_hold
    p.buy_qty, p.buy_hold = outcome.buy_qty, outcome.buy_hold
    p.sell_qty, p.sell_hold = outcome.sell_qty, outcome.sell_hold
    p.update()


def _withdraw(x: Exchange, order: WorkingOrder) -> None:
    x.take_out(order)
    x.leave(order)
    x.canceled(order, _REPLACED)


def _add(x: Exchange, position: Position, key: int, qty: int, hold: int) -> None:
    entry = NewOrder(
        account=position.account.id,
        symbol_id=position.market.symbol_id,
        side=Side.BUY if key > 0 else Side.SELL,
        qty=qty,
        price=abs(key),
        post_only=True,
    )
    order = WorkingOrder(x.next_order_id, position, entry, key, hold, x.now)
    x.next_order_id += 1
    order.quote = True
    position.quotes[key] = order
    accepted(x, order)
    x.rest(order)
    x.enter(order)


def _change(x: Exchange, present: WorkingOrder, qty: int, hold: int) -> None:
    """Another quantity at the same price: fewer lots keep their place, more go to the back of the queue."""
    if qty < present.leaves:
        lots = present.leaves - qty
        market = present.position.market
        market.engine.reduce(present.slot, lots)
        x.touch(market, present.key)
        present.qty -= lots
        x.replaced(present, priority_kept=True)
        return
    x.take_out(present)
    present.hold = hold
    present.qty = present.cum + qty
    x.replaced(present, priority_kept=False)
    x.rest(present)

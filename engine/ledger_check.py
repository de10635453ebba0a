"""The invariants of the ledger as code: what tests ask after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.invariants import ensure
from engine.types import Side, SymbolId

if TYPE_CHECKING:
    from engine.ledger import Account, Ledger, Position


def check_ledger(ledger: Ledger) -> None:
    """Raise InvariantError unless cash and shares are conserved and all sums agree."""
    ensure([a.number for a in ledger.numbered] == list(range(len(ledger.numbered))), "accounts are misnumbered")
    ensure(ledger.accounts == {a.id: a for a in ledger.numbered}, "an account is filed under another's id")
    ensure(sum(a.cash for a in ledger.numbered) == ledger.issued_cash, "cash appeared or vanished")
    ensure(sum(a.initial_cash for a in ledger.numbered) == ledger.issued_cash, "issued cash is miscounted")
    ensure(ledger.answer_count == sum(len(a.answers) for a in ledger.numbered), "answers are miscounted")
    ensure(ledger.exchange.cash == sum(a.fees_paid for a in ledger.numbered), "fees are not where they should be")
    held: dict[SymbolId, int] = {}
    for account in ledger.numbered:
        _check_orders(account)
        _check_fills(account)
        for symbol_id, position in account.positions.items():
            _check_position(position)
            held[symbol_id] = held.get(symbol_id, 0) + position.qty - position.issued
        _check_sums(account)
        if account is not ledger.exchange:  # which lives on fees, and may have paid more rebates than it took
            _check_cash(account)
    ensure(not any(held.values()), f"shares appeared or vanished: {held}")


def _check_orders(account: Account) -> None:
    """Whether the account's indexes of its working orders agree."""
    orders = account.orders
    ensure([o.order_id for o in orders.values()] == sorted(orders), "working orders are not listed oldest first")
    ensure(not account.closed or not orders, "a closed account has working orders")
    named = {o.entry.client_order_id: o for o in orders.values() if o.entry.client_order_id is not None}
    ensure(account.by_client_id == named, "a client order id does not lead to its order")
    for name, order in named.items():
        answer = account.answers.get(name)
        ensure(answer is None or answer.order_id == order.order_id, "an order was answered with another's id")


def _check_fills(account: Account) -> None:
    """Whether the fills that are kept lead to what the account has filled, holds and paid, as far back as they go."""
    fills = [fill for fill, _ in account.fills]
    kept = account.fills.maxlen or 0
    ensure(len(fills) == min(account.fill_count, kept), "fills are miscounted")
    complete = len(fills) == account.fill_count
    filled = {fill.order_id: fill.cum_qty for fill in fills}
    for order in account.orders.values():
        known = filled.get(order.order_id, 0 if complete else order.cum)
        ensure(order.cum == known, "an order has filled more, or less, than its fills say")
    if not complete:
        return
    lots = dict.fromkeys(account.positions, 0)
    for fill in fills:
        lots[fill.symbol_id] = lots.get(fill.symbol_id, 0) + (fill.qty if fill.side is Side.BUY else -fill.qty)
    for symbol_id, traded in lots.items():
        position = account.positions.get(symbol_id)
        ensure((position.qty - position.issued if position else 0) == traded, "a position is not what was traded")
    ensure(account.fees_paid == sum(fill.fee for fill in fills), "fees are not those of the fills")


def _check_sums(account: Account) -> None:
    """Whether what is kept for the whole account is the sum of its parts."""
    positions = account.positions.values()
    staked = sum(o.leaves * o.hold for o in account.orders.values() if o.slot)
    ensure(account.at_stake == staked, "what is at stake is miscounted")
    ensure(account.reserved == sum(p.need for p in positions), "the reservations do not add up")
    ensure(account.shorts == sum(p.qty < 0 for p in positions), "the short positions are miscounted")


def _check_cash(account: Account) -> None:
    """Whether cash is what the account began with, less what it paid for what it holds, and within what it may spend.

    A trade moves cash into the cost of a position or back, and the difference is realized; a transfer moves cash and
    what the account began with alike.
    """
    positions = account.positions.values()
    began = account.initial_equity + sum(p.realized_pnl for p in positions) - account.fees_paid
    ensure(account.cash + sum(p.cost for p in positions) == began, "cash, costs and profits do not add up")
    issued = any(p.issued for p in positions)
    ensure(
        account.initial_equity > account.initial_cash if issued else account.initial_equity == account.initial_cash,
        "what the account began with does not add up",
    )
    if account.limits.leverage == 1:
        ensure(account.cash >= account.buys, "an account spends more than it has")
        if not account.shorts and not account.limits.short_selling:
            ensure(account.cash >= account.reserved, "an account holds back more than it has")


def _check_position(position: Position) -> None:
    buy_qty = buy_hold = sell_qty = sell_hold = reducing = 0
    resting = [o for o in position.account.orders.values() if o.position is position and o.slot]
    for order in resting:
        if order.guarded:
            reducing += order.leaves
            reduced = position.qty if order.key < 0 else -position.qty
            ensure(order.leaves <= reduced, "a reduce-only order could turn the position")
        elif order.key > 0:
            buy_qty, buy_hold = buy_qty + order.leaves, buy_hold + order.leaves * order.hold
        else:
            sell_qty, sell_hold = sell_qty + order.leaves, sell_hold + order.leaves * order.hold
    totals = (buy_qty, buy_hold, sell_qty, sell_hold, reducing)
    counted = (position.buy_qty, position.buy_hold, position.sell_qty, position.sell_hold, position.reducing)
    ensure(totals == counted, "open lots or held cash are miscounted")
    ensure(position.need == position.needed(*totals), "the reservation is out of date")
    signs = (position.cost > 0, position.cost < 0)
    ensure(signs == (position.qty > 0, position.qty < 0), "cost and position disagree")
    ensure(position.quotes == {o.key: o for o in resting if o.quote}, "quotes are not filed under their prices")
    ensure(position.guarded == {o.order_id: o for o in resting if o.guarded}, "a reduce-only order is not known as one")

"""The exchange's state as bytes: for the journal's snapshots, and for the hash that two machines compare.

Everything is in there that any later answer depends on, in an order that only the commands decide; what can be derived
(levels, reservations, timers, published depth) is left out and built again. So ``capture(restore(b)) == b``.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from engine.commands import AccountLimits, NewOrder
from engine.events import OrderFilled, Trade
from engine.exchange import Exchange
from engine.instruments import Instrument
from engine.ledger import FILLS_KEPT, Account
from engine.market import Market
from engine.marketdata import Candle
from engine.publishing import publish
from engine.service import CandleView, NewsView, OrderAnswer
from engine.types import AccountId, InstrumentStatus, SelfTradePrevention, SymbolId
from engine.working_order import WorkingOrder

FORMAT: Final = 3
"""Raised when the layout changes; another format is refused, and the journal replays from the start."""


class StateError(ValueError):
    """Bytes that are no state of this engine."""


class OrderState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One working order."""

    order_id: int
    entry: NewOrder
    key: int
    shown: int
    hidden: int
    display: int
    qty: int
    cum: int
    hold: int
    created_at: int
    stop_price: int | None
    waiting: bool
    quote: bool


class PositionState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One position."""

    symbol_id: SymbolId
    qty: int
    cost: int
    realized_pnl: int
    issued: int


class AccountState(msgspec.Struct, frozen=True, array_like=True):
    """One account; its orders are with their markets."""

    id: AccountId
    name: str
    personality: str
    credential: str
    limits: AccountLimits
    stp: SelfTradePrevention
    closed: bool
    cash: int
    initial_cash: int
    initial_equity: int
    fees_paid: int
    cancel_after: int | None
    order_times: list[int]
    positions: list[PositionState]
    fills: list[tuple[OrderFilled, int]]
    fill_count: int


class CandlesState(msgspec.Struct, frozen=True, array_like=True):
    """Candles of one market."""

    current: CandleView | None
    closed: list[list[CandleView]]
    open: list[CandleView | None]


class MarketState(msgspec.Struct, frozen=True, array_like=True):
    """One market; the orders of its book best price first, then oldest first."""

    instrument: Instrument
    status: InstrumentStatus
    mark: int
    traded: bool
    reference: int
    halted_until: int | None
    indication: tuple[int, int] | None
    """Part of the hash; ``restore`` finds it anew, as the orders' entering is published there."""
    orders: list[OrderState]
    stops: list[OrderState]
    due: list[int]
    """Triggered stops that a halt keeps from being executed, the next one first."""
    tape: list[tuple[Trade, int]]
    candles: CandlesState


class ExchangeState(msgspec.Struct, frozen=True, array_like=True):
    """Everything."""

    format: int
    sequence: int
    now: int
    next_order_id: int
    next_trade_id: int
    next_news_id: int
    next_symbol_id: int
    issued_cash: int
    news: list[NewsView]
    markets: list[MarketState]
    delisted: list[MarketState]
    accounts: list[AccountState]
    answers: list[tuple[int, str, OrderAnswer]]
    """First answers by account number and client order id, an account's oldest first."""


def capture(x: Exchange, sequence: int) -> bytes:
    """The state between two commands."""
    return msgspec.msgpack.encode(
        ExchangeState(
            format=FORMAT,
            sequence=sequence,
            now=x.now,
            next_order_id=x.next_order_id,
            next_trade_id=x.next_trade_id,
            next_news_id=x.next_news_id,
            next_symbol_id=x.next_symbol_id,
            issued_cash=x.ledger.issued_cash,
            news=list(x.news),
            markets=[_market_state(x, market) for market in x.markets.values()],
            delisted=[_market_state(x, market) for market in x.delisted.values()],
            accounts=[_account_state(account) for account in x.ledger.numbered],
            answers=[(each.number, name, first) for each in x.ledger.numbered for name, first in each.answers.items()],
        )
    )


def restore(data: bytes) -> tuple[Exchange, int]:
    """An exchange in a captured state, and its sequence; ``StateError`` when the bytes are not one."""
    try:
        state = msgspec.msgpack.decode(data, type=ExchangeState)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StateError(f"not a snapshot: {error}") from error
    if state.format != FORMAT:
        raise StateError(f"snapshot format {state.format}, not {FORMAT}")
    x = Exchange()
    x.now = state.now
    x.next_order_id = state.next_order_id
    x.next_trade_id = state.next_trade_id
    x.next_news_id = state.next_news_id
    x.next_symbol_id = state.next_symbol_id
    x.ledger.issued_cash = state.issued_cash
    x.news.extend(state.news)
    for market_state in state.markets:
        x.markets[market_state.instrument.symbol_id] = _restore_market(x, market_state)
    for market_state in state.delisted:
        x.delisted[market_state.instrument.symbol_id] = _restore_market(x, market_state)
    for account_state in state.accounts:
        _restore_account(x, account_state)
    for number, name, answer in state.answers:
        x.ledger.keep_answer(x.ledger.numbered[number], name, answer)
    for market_state in state.markets:
        for order_state in (*market_state.orders, *market_state.stops):
            _restore_order(x, order_state)
        stops = x.markets[market_state.instrument.symbol_id].stops
        waiting = {order.order_id: order for order in stops}
        for order_id in market_state.due:
            stops.make_due(waiting[order_id])
    for account in x.ledger.numbered:
        account.orders = dict(sorted(account.orders.items()))
    publish(x)
    x.events.clear()
    x.pending.clear()
    return x, state.sequence


def _market_state(x: Exchange, market: Market) -> MarketState:
    book = market.engine.book
    slots = [slot for side in (book.bids, book.asks) for level in book.best_first(side) for slot in book.queue(level)]
    candles = market.data.candles
    return MarketState(
        instrument=market.instrument,
        status=market.status,
        mark=market.mark,
        traded=market.traded,
        reference=market.reference,
        halted_until=market.halted_until,
        indication=market.indication,
        orders=[_order_state(x.orders[book.ids[slot]]) for slot in slots],
        stops=[_order_state(order) for order in market.stops],
        due=[order.order_id for order in market.stops.due],
        tape=list(market.data.tape),
        candles=CandlesState(
            current=None if candles.current is None else candles.current.view(1),
            closed=[list(closed) for closed in candles.closed],
            open=list(candles.open),
        ),
    )


def _order_state(order: WorkingOrder) -> OrderState:
    hidden = order.position.market.engine.book.hidden.get(order.slot, 0)
    return OrderState(
        order_id=order.order_id,
        entry=order.entry,
        key=order.key,
        shown=order.leaves - hidden,
        hidden=hidden,
        display=order.display,
        qty=order.qty,
        cum=order.cum,
        hold=order.hold,
        created_at=order.created_at,
        stop_price=order.stop_price,
        waiting=order.waiting,
        quote=order.quote,
    )


def _account_state(account: Account) -> AccountState:
    return AccountState(
        id=account.id,
        name=account.name,
        personality=account.personality,
        credential=account.credential,
        limits=account.limits,
        stp=account.stp,
        closed=account.closed,
        cash=account.cash,
        initial_cash=account.initial_cash,
        initial_equity=account.initial_equity,
        fees_paid=account.fees_paid,
        cancel_after=account.cancel_after,
        order_times=list(account.order_times),
        positions=[
            PositionState(symbol_id, p.qty, p.cost, p.realized_pnl, p.issued)
            for symbol_id, p in sorted(account.positions.items())
            if p.qty or p.realized_pnl or p.issued
        ],
        fills=list(account.fills),
        fill_count=account.fill_count,
    )


def _restore_market(x: Exchange, state: MarketState) -> Market:
    market = Market(state.instrument)
    market.status = state.status
    market.move_to(state.mark)
    market.traded = state.traded
    market.refer_to(state.reference)
    market.halted_until = state.halted_until
    if state.halted_until is not None:
        x.timers.end_halt(state.halted_until, state.instrument.symbol_id)
    market.data.tape.extend(state.tape)
    candles = market.data.candles
    candles.current = _restore_candle(state.candles.current)
    for kept, closed in zip(candles.closed, state.candles.closed, strict=True):
        kept.extend(closed)
    candles.open = list(state.candles.open)
    return market


def _restore_candle(view: CandleView | None) -> Candle | None:
    if view is None:
        return None
    candle = Candle(view.time, view.open, view.volume)
    candle.high, candle.low, candle.close, candle.trades = view.high, view.low, view.close, view.trades
    return candle


def _restore_account(x: Exchange, state: AccountState) -> None:
    ledger = x.ledger
    if state.id in ledger.accounts:
        account = ledger.accounts[state.id]
    else:
        account = ledger.add(state.id, state.limits, state.stp)
    account.name = state.name
    account.personality = state.personality
    account.credential = state.credential
    account.closed = state.closed
    account.cash = state.cash
    account.initial_cash = state.initial_cash
    account.initial_equity = state.initial_equity
    account.fees_paid = state.fees_paid
    account.cancel_after = state.cancel_after
    account.order_times.extend(state.order_times)
    account.fills = deque(state.fills, maxlen=FILLS_KEPT)
    account.fill_count = state.fill_count
    for held in state.positions:
        market = x.markets.get(held.symbol_id) or x.delisted[held.symbol_id]
        position = account.position(market)
        position.qty = held.qty
        position.cost = held.cost
        position.realized_pnl = held.realized_pnl
        position.issued = held.issued
        account.shorts += held.qty < 0
        position.update()
    if account.cancel_after is not None:
        x.timers.arm_account(account.cancel_after, account.id)


def _restore_order(x: Exchange, state: OrderState) -> None:
    account = x.ledger.accounts[state.entry.account]
    position = account.position(x.markets[state.entry.symbol_id])
    order = WorkingOrder(state.order_id, position, state.entry, state.key, state.hold, state.created_at)
    order.qty = state.qty
    order.cum = state.cum
    order.stop_price = state.stop_price
    order.waiting = state.waiting
    order.quote = state.quote
    order.display = state.display
    x.enter(order)
    if state.waiting:
        order.position.market.stops.add(order, state.stop_price or 0)
        return
    if state.quote:
        position.quotes[state.key] = order
    order.reserve(order.leaves)
    x.rest(order)
    if state.hidden:
        # Resting shows a full display quantity; this tranche had traded in part.
        book = position.market.engine.book
        book.reduce(order.slot, book.shown[order.slot] - state.shown)
        book.hidden[order.slot], book.display[order.slot] = state.hidden, state.display

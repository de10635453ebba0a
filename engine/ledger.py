"""Accounts, cash and positions: who owns what, and what of it is spoken for.

Fills move cash and shares between accounts, fees move cash to the exchange's own account, opening an account issues
what it starts with; nothing else moves anything. ``Ledger.check`` says so as code.

What working orders hold back (``docs/MATCHING.md``, buying power) is kept per position as four sums, so that every
change is O(1): lots and cash of the open buys, lots and cash of the open sells.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from engine.commands import AccountLimits
from engine.ledger_check import check_ledger
from engine.types import AccountId, SelfTradePrevention, SymbolId

if TYPE_CHECKING:
    from engine.events import OrderFilled
    from engine.market import Market
    from engine.service import OrderAnswer
    from engine.working_order import WorkingOrder

EXCHANGE: Final = "exchange"
"""The account that takes fees and pays rebates. It cannot trade."""
FILLS_KEPT: Final = 500
ANSWERS_KEPT: Final = 100_000
"""First answers by client order id, of all accounts together."""


def booked(held: int, cost: int, lots: int, unit: int) -> tuple[int, int]:
    """Open cost, and profit realized, after ``lots`` more (negative when sold) at ``unit`` minor units a lot.

    At average cost; ``cost`` is signed like ``held``. What a part of a position cost is rounded towards zero.
    """
    if not held or (held > 0) is (lots > 0):
        return cost + lots * unit, 0
    closed = lots if abs(lots) <= abs(held) else -held
    share = abs(cost) * abs(closed) // abs(held)
    released = share if held > 0 else -share
    return cost + (lots - closed) * unit - released, -(closed * unit + released)


class Position:
    """What one account has in one instrument, and what its working orders there could make of it."""

    __slots__ = (
        "account",
        "buy_hold",
        "buy_qty",
        "cost",
        "guarded",
        "issued",
        "market",
        "need",
        "qty",
        "quotes",
        "realized_pnl",
        "reducing",
        "sell_hold",
        "sell_qty",
    )

    def __init__(self, account: Account, market: Market) -> None:
        self.account = account
        self.market = market
        self.qty = 0
        """Lots, negative when short."""
        self.cost = 0
        """Open cost basis in minor units, signed like ``qty``."""
        self.realized_pnl = 0
        self.issued = 0
        """Lots it was opened with."""
        self.buy_qty = 0
        self.buy_hold = 0
        self.sell_qty = 0
        self.sell_hold = 0
        self.reducing = 0
        """Lots of the resting reduce-only orders, which are in none of the four sums."""
        self.need = 0
        """Minor units held back for the working orders here."""
        self.quotes: dict[int, WorkingOrder] = {}
        """Orders of the last mass quote, by signed price."""
        self.guarded: dict[int, WorkingOrder] = {}
        """Resting reduce-only orders."""

    @property
    def value(self) -> int:
        """Worth at the mark, in minor units."""
        return self.qty * self.market.mark * self.market.tick_value

    @property
    def guarded_buys(self) -> int:
        """Minor units that its resting reduce-only buys would cost."""
        return sum(order.leaves * order.hold for order in self.guarded.values() if order.key > 0)

    def trade(self, lots: int, unit: int) -> None:
        """Book ``lots`` bought (or, negative, sold) at ``unit`` minor units a lot, at average cost."""
        held = self.qty
        self.qty = held + lots
        self.cost, profit = booked(held, self.cost, lots, unit)
        self.realized_pnl += profit
        if (held < 0) is not (self.qty < 0):
            self.account.shorts += 1 if self.qty < 0 else -1
        self.update()

    def needed(self, buy_qty: int, buy_hold: int, sell_qty: int, sell_hold: int, reducing: int) -> int:
        """Minor units to hold back for such open orders: the dearer of what all buys, or all sells, would open.

        Lots that only close the position hold nothing back; what reduce-only orders may close, others cannot.
        """
        held = self.qty
        if held >= 0:
            opening = sell_qty - held if not reducing else sell_qty - max(held - reducing, 0)
            sells = 0 if opening <= 0 else -(-sell_hold * opening // sell_qty)
            return buy_hold if buy_hold > sells else sells
        opening = buy_qty - max(-held - reducing, 0)
        buys = 0 if opening <= 0 else -(-buy_hold * opening // buy_qty)
        return sell_hold if sell_hold > buys else buys

    def update(self) -> None:
        """Bring what is held back in line with position and open orders."""
        held = self.qty
        if held >= 0 and self.sell_qty + self.reducing <= held:
            need = self.buy_hold  # no sale opens anything
        else:
            need = self.needed(self.buy_qty, self.buy_hold, self.sell_qty, self.sell_hold, self.reducing)
        if need != self.need:
            self.account.reserved += need - self.need
            self.need = need


class Account:
    """One owner of cash and positions."""

    __slots__ = (
        "answers",
        "at_stake",
        "by_client_id",
        "cancel_after",
        "cash",
        "closed",
        "credential",
        "fees_paid",
        "fill_count",
        "fills",
        "id",
        "initial_cash",
        "initial_equity",
        "limited",
        "limits",
        "name",
        "number",
        "order_times",
        "orders",
        "personality",
        "positions",
        "reserved",
        "shorts",
        "stp",
    )

    def __init__(self, number: int, account: AccountId, limits: AccountLimits, stp: SelfTradePrevention) -> None:
        self.number = number
        """What orders in the book know their owner by."""
        self.id = account
        self.name = ""
        self.personality = ""
        self.credential = ""
        self.limits = limits
        self.limited = not limits.short_selling or any(
            limit is not None for limit in (limits.max_order_qty, limits.max_order_notional, limits.max_position)
        )
        """Whether an order's size or the position it leads to is limited."""
        self.stp = stp
        self.closed = False
        self.cash = 0
        self.initial_cash = 0
        self.initial_equity = 0
        self.reserved = 0
        """Minor units held back for working orders: the sum of the positions' needs."""
        self.at_stake = 0
        """Minor units that could change hands at most if all working orders traded."""
        self.shorts = 0
        """Instruments in which it is short."""
        self.fees_paid = 0
        self.positions: dict[SymbolId, Position] = {}
        self.orders: dict[int, WorkingOrder] = {}
        """Working orders, oldest first."""
        self.by_client_id: dict[str, WorkingOrder] = {}
        self.answers: dict[str, OrderAnswer] = {}
        """First answers by client order id, oldest first, as far as they are kept."""
        self.fills: deque[tuple[OrderFilled, int]] = deque(maxlen=FILLS_KEPT)
        """Newest last, with their times."""
        self.fill_count = 0
        """Of all fills, those no longer kept included."""
        self.order_times: deque[int] = deque(maxlen=limits.max_orders_per_second or 0)
        self.cancel_after: int | None = None

    def position(self, market: Market) -> Position:
        """The position in one instrument, a flat one if there was none."""
        symbol_id = market.symbol_id
        position = self.positions.get(symbol_id)
        if position is None:
            position = self.positions[symbol_id] = Position(self, market)
        return position

    @property
    def equity(self) -> int:
        """Cash plus all positions at their mark."""
        return self.cash + sum(position.value for position in self.positions.values())

    @property
    def headroom(self) -> int:
        """Minor units by which working orders may still grow exposure: leverage x equity - exposure - reserved."""
        leverage = self.limits.leverage
        if leverage == 1 and not self.shorts:
            return self.cash - self.reserved
        room = leverage * self.cash - self.reserved
        for position in self.positions.values():
            value = position.value
            room += (leverage - 1) * value if value > 0 else (leverage + 1) * value
        return room

    @property
    def buys(self) -> int:
        """Minor units that all its resting buys would cost, those included that close a short position."""
        return sum(position.buy_hold + position.guarded_buys for position in self.positions.values())

    @property
    def funds(self) -> int:
        """Minor units that it can pay: its cash, and with leverage what it may borrow on what it is worth."""
        leverage = self.limits.leverage
        return self.cash if leverage == 1 else self.cash + (leverage - 1) * max(0, self.equity)

    @property
    def free(self) -> int:
        """Minor units of cash that it could give away: neither positions nor working orders need them."""
        room = min(self.headroom, self.funds - self.buys) if self.shorts else self.headroom
        return max(0, room // self.limits.leverage)


class Ledger:
    """All accounts."""

    __slots__ = ("accounts", "answer_count", "answers_kept", "exchange", "issued_cash", "numbered")

    def __init__(self) -> None:
        self.accounts: dict[AccountId, Account] = {}
        """In the order they were opened."""
        self.numbered: list[Account] = []
        self.answer_count = 0
        self.answers_kept = ANSWERS_KEPT
        self.issued_cash = 0
        self.exchange = self.add(EXCHANGE, AccountLimits(), SelfTradePrevention.CANCEL_RESTING)
        self.exchange.name = "Exchange"
        self.exchange.personality = EXCHANGE
        self.exchange.closed = True

    def add(self, account: AccountId, limits: AccountLimits, stp: SelfTradePrevention) -> Account:
        """Open an account without anything."""
        opened = Account(len(self.numbered), account, limits, stp)
        self.accounts[account] = opened
        self.numbered.append(opened)
        return opened

    def issue_cash(self, account: Account, cash: int) -> None:
        """Give an account cash that nobody had before."""
        account.cash += cash
        account.initial_cash += cash
        self.issued_cash += cash

    def issue_shares(self, account: Account, market: Market, lots: int) -> None:
        """Give an account shares that nobody had before, at the mark."""
        position = account.position(market)
        position.trade(lots, market.mark * market.tick_value)
        position.issued += lots

    def keep_answer(self, account: Account, client_order_id: str, answer: OrderAnswer) -> None:
        """Remember the first answer to an order.

        When there are too many, the account that has the most loses its oldest quarter: who floods the exchange
        makes it forget nobody else's.
        """
        account.answers[client_order_id] = answer
        self.answer_count += 1
        if self.answer_count > self.answers_kept:
            most = max(self.numbered, key=lambda each: len(each.answers))
            kept = list(most.answers.items())[max(1, len(most.answers) // 4) :]
            self.answer_count -= len(most.answers) - len(kept)
            most.answers = dict(kept)

    def check(self) -> None:
        """Raise InvariantError unless cash and shares are conserved and all sums agree."""
        check_ledger(self)

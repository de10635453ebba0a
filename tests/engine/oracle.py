"""A slow, obvious exchange to compare the real one with: one list of orders, searched anew for every lot of work.

It knows the rules of ``docs/MATCHING.md`` and nothing about speed: priority is a sort of all orders, time is a counter.
It has no ledger; positions are the sums of its trades. ``Books`` has one, of the events alone.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine_world import ACME, TICK, World, only

from engine.events import AnyEvent, CashTransferred, OrderFilled
from engine.service import AccountView
from engine.types import RejectCode, SelfTradePrevention, Side, TimeInForce

CANCEL_RESTING = SelfTradePrevention.CANCEL_RESTING
CANCEL_TAKER = SelfTradePrevention.CANCEL_TAKER
DECREMENT = SelfTradePrevention.DECREMENT


@dataclass(eq=False)
class OracleOrder:
    number: int
    account: str
    side: Side
    price: int | None
    leaves: int
    shown: int = 0
    stamp: int = 0
    display: int | None = None
    tif: TimeInForce = TimeInForce.GTC
    expires_at: int | None = None
    stop: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    quote: bool = False


class Refused(Exception):
    def __init__(self, code: RejectCode) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Oracle:
    """The exchange as a list."""

    stp: dict[str, SelfTradePrevention]
    mark: int = 100
    book: list[OracleOrder] = field(default_factory=list)
    stops: list[OracleOrder] = field(default_factory=list)
    trades: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Taker, maker, lots, price; of the last command."""
    positions: dict[str, int] = field(default_factory=dict)
    clock: int = 0
    touched: list[int] = field(default_factory=list)
    triggered: list[int] = field(default_factory=list)
    """Stops that the last command triggered, in order."""

    # --- what it is asked -----------------------------------------------------------------------------------------

    def depth(self) -> dict[tuple[Side, int], tuple[int, int]]:
        levels: dict[tuple[Side, int], tuple[int, int]] = {}
        for order in self.book:
            assert order.price is not None
            lots, count = levels.get((order.side, order.price), (0, 0))
            levels[order.side, order.price] = lots + order.shown, count + 1
        return levels

    def working(self) -> list[OracleOrder]:
        return sorted([*self.book, *self.stops], key=lambda order: order.number)

    # --- commands -------------------------------------------------------------------------------------------------

    def place(self, order: OracleOrder) -> None:
        self._begin()
        if order.stop is not None:
            self.stops.append(order)
            self.touched.append(self.mark)
        else:
            self._check_new(order)
            self._execute(order)
        self._finish()

    def cancel(self, order: OracleOrder) -> None:
        self._begin()
        (self.stops if order in self.stops else self.book).remove(order)

    def replace(self, order: OracleOrder, price: int | None, stop: int | None, leaves: int) -> None:
        self._begin()
        if order in self.stops:
            order.price, order.stop, order.leaves = price, stop, leaves
            self.touched.append(self.mark)
        elif price == order.price and leaves <= order.leaves:
            hidden = order.leaves - order.shown
            order.shown -= max(0, order.leaves - leaves - hidden)
            order.leaves = leaves
        else:
            if order.post_only and self._crossing(order.side, price):
                raise Refused(RejectCode.WOULD_CROSS)
            if order.reduce_only and leaves > self._reducible(order):
                raise Refused(RejectCode.WOULD_NOT_REDUCE)
            self.book.remove(order)
            order.price, order.leaves = price, leaves
            self._execute(order)
        self._finish()

    def quote(self, account: str, quotes: dict[tuple[Side, int], int], number: Callable[[], int]) -> None:
        self._begin()
        old = {(o.side, o.price): o for o in self.book if o.quote and o.account == account}
        for side, price in quotes:
            if any(o not in old.values() for o in self._crossing(side, price)):
                raise Refused(RejectCode.WOULD_CROSS)
        for key, order in old.items():
            if key not in quotes:
                self.book.remove(order)
        for (side, price), lots in quotes.items():
            present = old.get((side, price))
            if present is None:
                self._rest(OracleOrder(number(), account, side, price, lots, post_only=True, quote=True))
            elif lots < present.leaves:
                present.leaves = present.shown = lots
            elif lots > present.leaves:
                self.book.remove(present)
                present.leaves = lots
                self._rest(present)

    def _begin(self) -> None:
        self.trades, self.triggered = [], []

    # --- rules ----------------------------------------------------------------------------------------------------

    def _crossing(self, side: Side, limit: int | None) -> list[OracleOrder]:
        """Orders an incoming one would meet, first first."""
        if side is Side.BUY:
            found = [o for o in self.book if o.side is Side.SELL and (limit is None or o.price <= limit)]
            return sorted(found, key=lambda o: (o.price, o.stamp))
        found = [o for o in self.book if o.side is Side.BUY and (limit is None or o.price >= limit)]
        return sorted(found, key=lambda o: (-o.price, o.stamp))

    def _reducible(self, order: OracleOrder) -> int:
        held = self.positions.get(order.account, 0)
        return max(0, held if order.side is Side.SELL else -held)

    def _check_new(self, order: OracleOrder) -> None:
        makers = self._crossing(order.side, order.price)
        if order.price is None and all(maker.account == order.account for maker in makers):
            raise Refused(RejectCode.NO_LIQUIDITY)
        if order.post_only and makers:
            raise Refused(RejectCode.WOULD_CROSS)
        if order.tif is TimeInForce.FOK and not self._would_fill(order):
            raise Refused(RejectCode.WOULD_NOT_FILL)
        if order.reduce_only and order.leaves > self._reducible(order):
            raise Refused(RejectCode.WOULD_NOT_REDUCE)

    def _would_fill(self, order: OracleOrder) -> bool:
        """Whether all its lots traded in a copy of the exchange, without others' orders that may shrink to fit."""
        trial = deepcopy(self)
        trial.book = [o for o in trial.book if o.account == order.account or not o.reduce_only]
        trial.trades = []
        trial._execute(replace(order))
        return sum(lots for _, _, lots, _ in trial.trades) == order.leaves

    def _execute(self, order: OracleOrder) -> None:
        while order.leaves:
            makers = self._crossing(order.side, order.price)
            if not makers:
                break
            maker = makers[0]
            if maker.account != order.account:
                self._trade(order, maker)
            elif self.stp[order.account] is CANCEL_RESTING:
                self.book.remove(maker)
            elif self.stp[order.account] is CANCEL_TAKER:
                return
            else:
                self._take(order, maker, min(order.leaves, maker.shown))
        if order.leaves and order.price is not None and order.tif not in (TimeInForce.IOC, TimeInForce.FOK):
            self._rest(order)

    def _trade(self, taker: OracleOrder, maker: OracleOrder) -> None:
        if maker.reduce_only and maker.leaves > self._reducible(maker):
            maker.leaves = maker.shown = self._reducible(maker)
            if not maker.leaves:
                self.book.remove(maker)
                return
        lots = min(taker.leaves, maker.shown)
        assert maker.price is not None
        self.trades.append((taker.number, maker.number, lots, maker.price))
        self.touched.append(maker.price)
        self.mark = maker.price
        sign = 1 if taker.side is Side.BUY else -1
        self.positions[taker.account] = self.positions.get(taker.account, 0) + sign * lots
        self.positions[maker.account] = self.positions.get(maker.account, 0) - sign * lots
        self._take(taker, maker, lots)

    def _take(self, taker: OracleOrder, maker: OracleOrder, lots: int) -> None:
        taker.leaves -= lots
        maker.leaves -= lots
        maker.shown -= lots
        if not maker.shown:
            self.book.remove(maker)
            if maker.leaves:
                self._rest(maker)

    def _rest(self, order: OracleOrder) -> None:
        order.shown = min(order.leaves, order.display or order.leaves)
        self.clock += 1
        order.stamp = self.clock
        self.book.append(order)

    def _finish(self) -> None:
        self._tidy()
        while self.touched:
            low, high = min(self.touched), max(self.touched)
            self.touched = []
            buys = [s for s in self.stops if s.side is Side.BUY and s.stop <= high]
            sells = [s for s in self.stops if s.side is Side.SELL and s.stop >= low]
            triggered = sorted(buys, key=lambda s: (s.stop, s.number)) + sorted(
                sells, key=lambda s: (-s.stop, s.number)
            )
            self.stops = [s for s in self.stops if s not in triggered]
            for stop in triggered:
                self._trigger(stop)
                self._tidy()

    def _trigger(self, stop: OracleOrder) -> None:
        self.triggered.append(stop.number)
        if stop.reduce_only:
            stop.leaves = min(stop.leaves, self._reducible(stop))
        stop.stop = None
        try:
            self._check_new(stop)
        except Refused:
            return
        self._execute(stop)

    def _tidy(self) -> None:
        for order in [o for o in self.book if o.reduce_only and o.leaves > self._reducible(o)]:
            order.leaves = order.shown = self._reducible(order)
            if not order.leaves:
                self.book.remove(order)


class Books:
    """What accounts must have after their fills, which it books lot by lot, at exact average cost, and transfers."""

    def __init__(self, world: World, *names: str) -> None:
        self.cash: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.cost: dict[str, Fraction] = {}
        self.profit: dict[str, Fraction] = {}
        self.fills = 0
        for name in names:
            view = world.account(name)
            self.cash[name] = view.cash
            self.held[name], cost, _ = _position(view)
            self.cost[name], self.profit[name] = Fraction(cost), Fraction(0)

    def book(self, events: list[AnyEvent]) -> None:
        for fill in only(OrderFilled, events):
            self.fills += 1
            sign = 1 if fill.side is Side.BUY else -1
            self.cash[fill.account] -= sign * fill.qty * fill.price * TICK + fill.fee
            for _ in range(fill.qty):
                self._lot(fill.account, sign, sign * fill.price * TICK)
        for transfer in only(CashTransferred, events):
            self.cash[transfer.account] -= transfer.amount
            self.cash[transfer.to] += transfer.amount

    def _lot(self, name: str, sign: int, value: int) -> None:
        held = self.held[name]
        if held * sign >= 0:
            self.cost[name] += value
        else:
            share = self.cost[name] / abs(held)
            self.cost[name] -= share
            self.profit[name] -= value + share
        self.held[name] += sign

    def check(self, world: World) -> None:
        """Cash and lots to the last unit, cost and profit but for a rounding each fill."""
        for name, cash in self.cash.items():
            view = world.account(name)
            held, cost, profit = _position(view)
            assert (view.cash, held) == (cash, self.held[name])
            assert abs(cost - self.cost[name]) <= self.fills
            assert abs(profit - self.profit[name]) <= self.fills


def _position(view: AccountView) -> tuple[int, int, int]:
    """Lots in ACME, their cost, and the profit realized in it."""
    return next(((p.qty, p.cost, p.realized_pnl) for p in view.positions if p.symbol_id == ACME), (0, 0, 0))

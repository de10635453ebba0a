"""Users by address: their two wallets, positions, orders and fills, kept in step with the engine's events.

A user is two accounts of the engine: ``0x…`` holds the perpetuals (margin, short positions), ``0x…:spot`` the tokens
(no borrowing, no shorts). Everything here is a cache of the engine and can be loaded anew at any time.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from enum import Enum
from hashlib import sha256
from typing import Final

from engine.ledger import booked
from engine.service import AccountView
from engine.types import AccountId, Side, SymbolId
from net.hyperliquid import wire
from net.hyperliquid.venue.orders import Order

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_SPOT_SUFFIX: Final = ":spot"
FILLS_KEPT: Final = 2_000
HISTORY_KEPT: Final = 2_000
ORDERS_KEPT: Final = 10_000
"""Finished orders that a user may still ask about, over all."""


class Wallet(Enum):
    """Which of a user's accounts."""

    PERP = "perp"
    SPOT = "spot"


def account_of(address: str, wallet: Wallet) -> AccountId:
    """The engine's account of a wallet."""
    return address if wallet is Wallet.PERP else address + _SPOT_SUFFIX


def user_of(account: AccountId) -> tuple[str, Wallet] | None:
    """Whose wallet an engine's account is, None when it is nobody's here."""
    address = account.removesuffix(_SPOT_SUFFIX)
    if _ADDRESS.fullmatch(address) is None:
        return None
    return address, Wallet.PERP if address == account else Wallet.SPOT


def public_address(account: AccountId) -> str:
    """The address that stands for an account in public trades; agents of other doors get one made from their name."""
    found = user_of(account)
    return found[0] if found else "0x" + sha256(account.encode()).hexdigest()[:40]


class Holding:
    """A position: lots, and what they cost in minor units, signed alike; average cost, as the engine's ledger does."""

    __slots__ = ("cost", "lots")

    def __init__(self, lots: int = 0, cost: int = 0) -> None:
        self.lots = lots
        self.cost = cost

    def trade(self, lots: int, unit: int) -> int:
        """Book ``lots`` (negative when sold) at ``unit`` minor units each; returns the profit closed by it."""
        self.cost, profit = booked(self.lots, self.cost, lots, unit)
        self.lots += lots
        return profit


class Purse:
    """One wallet: cash in minor units (which are e8 dollars) and holdings by instrument."""

    __slots__ = ("account", "cash", "holdings", "last_trade")

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.cash = 0
        self.holdings: dict[SymbolId, Holding] = {}
        self.last_trade = 0
        """Number of the last trade that is in cash and holdings."""

    def load(self, view: AccountView, last_trade: int) -> None:
        """Start over from the engine's own account."""
        self.cash = view.cash
        self.holdings = {each.symbol_id: Holding(each.qty, each.cost) for each in view.positions}
        self.last_trade = last_trade

    def holding(self, symbol_id: SymbolId) -> Holding:
        """What is held of an instrument."""
        holding = self.holdings.get(symbol_id)
        if holding is None:
            holding = self.holdings[symbol_id] = Holding()
        return holding


class User:
    """One address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.purses = {wallet: Purse(account_of(address, wallet)) for wallet in Wallet}
        self.orders: dict[int, Order] = {}
        """By oid: open ones, and finished ones as long as there is room."""
        self._open: dict[int, Order] = {}
        """Those that had not ended when they were last looked at."""
        self.resting: Counter[SymbolId] = Counter()
        """Limit times open size (e16) of working perpetual orders that may open a position, by instrument."""
        self.by_cloid: dict[str, int] = {}
        """Newest oid of each client order id."""
        self.by_engine_id: dict[int, int] = {}
        self.history: deque[wire.OrderRecord] = deque(maxlen=HISTORY_KEPT)
        """Every status an order took, newest last."""
        self.fills: deque[wire.Fill] = deque(maxlen=FILLS_KEPT)
        """Newest last."""
        self.traded = 0
        """E8 dollars traded since the venue began to count."""
        self.requests = 0
        self.next_action = 0
        """Time (ms) from which one more is taken of an address that has used its actions up."""
        self.placing = 0
        """Initial margin (e8) of orders that the engine was sent and has not answered."""
        self.transfers: deque[dict[str, object]] = deque(maxlen=HISTORY_KEPT)

    @property
    def perp(self) -> Purse:
        """The wallet of the perpetuals."""
        return self.purses[Wallet.PERP]

    @property
    def spot(self) -> Purse:
        """The wallet of the tokens."""
        return self.purses[Wallet.SPOT]

    def purse_for(self, *, spot: bool) -> Purse:
        """The wallet that an asset trades from."""
        return self.spot if spot else self.perp

    def add(self, order: Order) -> None:
        """Remember an order."""
        self.orders[order.oid] = order
        if not order.ended:
            self._open[order.oid] = order
        if order.engine_id is not None:
            self.by_engine_id[order.engine_id] = order.oid
        if order.cloid is not None:
            self.by_cloid[order.cloid] = order.oid
        if len(self.orders) > ORDERS_KEPT:
            self._forget_one()

    def enter(self, order: Order, engine_id: int) -> None:
        """A triggered order is in the engine now."""
        order.engine_id = engine_id
        self._open[order.oid] = order
        self.by_engine_id[engine_id] = order.oid

    def count(self, order: Order) -> None:
        """An order changed: bring ``resting`` up to date."""
        counts = order.open and not order.reduce_only and order.trigger is None and order.account == self.perp.account
        notional = order.limit * (order.size - order.filled) if counts else 0
        self.resting[order.listed.symbol_id] += notional - order.counted
        order.counted = notional

    def note(self, order: Order) -> None:
        """Keep an order's present status as history."""
        self.history.append(order.record())

    def find(self, name: int | str) -> Order | None:
        """An order by oid or client order id."""
        oid = self.by_cloid.get(name.lower()) if isinstance(name, str) else name
        return None if oid is None else self.orders.get(oid)

    def find_engine(self, engine_id: int) -> Order | None:
        """An order by the engine's id."""
        oid = self.by_engine_id.get(engine_id)
        return None if oid is None else self.orders.get(oid)

    def open_orders(self) -> Iterator[Order]:
        """What may still trade, oldest first; costs as much as there are, however many have ended."""
        for oid in [oid for oid, order in self._open.items() if order.ended]:
            del self._open[oid]
        return iter([order for order in self._open.values() if order.open])

    def waiting(self) -> Iterator[Order]:
        """Trigger orders that did not fire yet."""
        return (order for order in self.open_orders() if order.waiting)

    def _forget_one(self) -> None:
        for oid, order in self.orders.items():
            if not order.open:
                del self.orders[oid]
                if order.engine_id is not None:
                    self.by_engine_id.pop(order.engine_id, None)
                if order.cloid is not None and self.by_cloid.get(order.cloid) == oid:
                    del self.by_cloid[order.cloid]
                return


class Users:
    """All addresses that have an account."""

    def __init__(self) -> None:
        self._by_address: dict[str, User] = {}

    def get(self, address: str) -> User | None:
        """The user of an address."""
        return self._by_address.get(address)

    def open(self, address: str) -> User:
        """The user of an address, made now if it is new."""
        user = self._by_address.get(address)
        if user is None:
            user = self._by_address[address] = User(address)
        return user

    def of(self, account: AccountId) -> User | None:
        """Whose an engine's account is."""
        found = user_of(account)
        return self._by_address.get(found[0]) if found else None

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_address.values())

    def __len__(self) -> int:
        return len(self._by_address)


def direction(before: int, lots: int, *, spot: bool) -> str:
    """What a fill of signed ``lots`` did to a position of ``before`` lots, in the wire's words."""
    if spot:
        return "Buy" if lots > 0 else "Sell"
    after = before + lots
    if before and after and (before > 0) is not (after > 0):
        return "Long > Short" if before > 0 else "Short > Long"
    opening = not before or (before > 0) is (lots > 0)
    long = (before > 0) if before else (lots > 0)
    return f"{'Open' if opening else 'Close'} {'Long' if long else 'Short'}"


def signed(side: Side, amount: int) -> int:
    """An amount with the sign of its side."""
    return amount if side is Side.BUY else -amount


def newest_first(fills: Iterable[wire.Fill], limit: int) -> list[wire.Fill]:
    """Fills in the order userFills gives them."""
    return sorted(fills, key=lambda fill: (fill.time, fill.tid), reverse=True)[:limit]


def twap_fills(fills: Iterable[wire.Fill]) -> list[dict[str, object]]:
    """Those fills that are slices of TWAP orders, as userTwapSliceFills gives them."""
    return [{"fill": fill, "twapId": fill.twap_id} for fill in fills if fill.twap_id is not None]

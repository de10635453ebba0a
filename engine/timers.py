"""What waits for time to pass: order expiries, dead man's switches, ends of auctions and volatility halts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from sortedcontainers import SortedList

from engine.invariants import ensure
from engine.types import AccountId, OrderId, SymbolId

_ORDER: Final = 0
_ACCOUNT: Final = 1
_HALT: Final = 2

Timer: TypeAlias = tuple[int, int, int, str]
"""Deadline in ns, kind, number and name of what it is for: a total order, so that ties are broken alike everywhere."""


class Timers:
    """Deadlines in order. Each operation is O(log n)."""

    __slots__ = ("_due", "next")

    def __init__(self) -> None:
        self._due: SortedList[Timer] = SortedList()
        self.next: int | None = None
        """The earliest deadline."""

    def pop(self, now: int) -> tuple[OrderId | None, AccountId | None, SymbolId | None] | None:
        """Take out the earliest timer that is due: an order's, an account's or an instrument's; None when none is."""
        if self.next is None or self.next > now:
            return None
        _, kind, number, name = self._due.pop(0)
        self._look()
        if kind == _ORDER:
            return number, None, None
        if kind == _ACCOUNT:
            return None, name, None
        return None, None, number

    def expire_order(self, deadline: int, order_id: OrderId) -> None:
        """Let an order expire at ``deadline``."""
        self._add((deadline, _ORDER, order_id, ""))

    def keep_order(self, deadline: int, order_id: OrderId) -> None:
        """Forget an order's expiry."""
        self._discard((deadline, _ORDER, order_id, ""))

    def arm_account(self, deadline: int, account: AccountId) -> None:
        """Cancel an account's orders at ``deadline``."""
        self._add((deadline, _ACCOUNT, 0, account))

    def disarm_account(self, deadline: int, account: AccountId) -> None:
        """Forget an account's dead man's switch."""
        self._discard((deadline, _ACCOUNT, 0, account))

    def end_halt(self, deadline: int, symbol_id: SymbolId) -> None:
        """Reopen an instrument at ``deadline``."""
        self._add((deadline, _HALT, symbol_id, ""))

    def keep_halt(self, deadline: int, symbol_id: SymbolId) -> None:
        """Forget the end of a halt."""
        self._discard((deadline, _HALT, symbol_id, ""))

    def check(
        self,
        orders: Iterable[tuple[int, OrderId]],
        accounts: Iterable[tuple[int, AccountId]],
        halts: Iterable[tuple[int, SymbolId]],
    ) -> None:
        """Raise InvariantError unless these deadlines, and no others, are waited for."""
        due = [(deadline, _ORDER, order_id, "") for deadline, order_id in orders]
        due += [(deadline, _ACCOUNT, 0, account) for deadline, account in accounts]
        due += [(deadline, _HALT, symbol_id, "") for deadline, symbol_id in halts]
        due.sort()
        ensure(list(self._due) == due, "a timer is missing, or is for nothing")
        ensure(self.next == (due[0][0] if due else None), "the next deadline is wrong")

    def _add(self, timer: Timer) -> None:
        self._due.add(timer)
        self._look()

    def _discard(self, timer: Timer) -> None:
        self._due.discard(timer)
        self._look()

    def _look(self) -> None:
        self.next = self._due[0][0] if self._due else None

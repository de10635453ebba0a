"""How agents fared: what a report says of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from engine.service import AccountView
from engine.types import CASH_SCALE, AccountId

EQUITY_EVERY_S: Final = 60
MANY_ACCOUNTS: Final = 200
"""With more than these, equity is noted every ten minutes only."""


class AgentOutcome(msgspec.Struct, frozen=True):
    """How one agent did. Amounts in currency units."""

    name: str
    personality: str
    capital: float
    equity: float
    fees: float
    fills: int
    curve: list[float]
    """Equity at even intervals."""

    @property
    def pnl(self) -> float:
        """Profit."""
        return self.equity - self.capital


class EquityCurves:
    """Notes everybody's equity at even intervals."""

    def __init__(self, accounts: int) -> None:
        """``accounts`` is about how many there will be."""
        self.every_s: Final = EQUITY_EVERY_S if accounts <= MANY_ACCOUNTS else 10 * EQUITY_EVERY_S
        self._curves: dict[AccountId, list[float]] = {}
        self._samples = 0

    def note(self, accounts: Iterable[AccountView]) -> None:
        """Note once; an account that was opened meanwhile had its opening equity so far."""
        for account in accounts:
            curve = self._curves.get(account.account)
            if curve is None:
                curve = self._curves[account.account] = [account.initial_equity / CASH_SCALE] * self._samples
            curve.append(account.equity / CASH_SCALE)
        self._samples += 1

    def outcome(self, account: AccountView) -> AgentOutcome:
        """How the holder of an account did so far."""
        return AgentOutcome(
            account.name or account.account,
            account.personality,
            account.initial_equity / CASH_SCALE,
            account.equity / CASH_SCALE,
            account.fees_paid / CASH_SCALE,
            account.fills,
            self._curves.get(account.account, []),
        )

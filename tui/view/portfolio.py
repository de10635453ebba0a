"""The own account: cash, positions, and equity over time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from net.messages import PortfolioUpdate

MAX_SAMPLES = 3_600
"""One-second samples of equity kept: an hour."""


@dataclass(frozen=True, slots=True)
class PositionLine:
    """One position, in the instrument's units; money in currency."""

    symbol_id: int
    qty: float
    average: float
    mark: float
    realized: float

    @property
    def value(self) -> float:
        """Market value, signed."""
        return self.qty * self.mark

    @property
    def unrealized(self) -> float:
        """Gain that closing at the mark would realize."""
        return self.qty * (self.mark - self.average)


class Portfolio:
    """The account as of the last message, valued at the newest marks."""

    def __init__(self) -> None:
        self.known = False
        self.cash = 0.0
        self.reserved = 0.0
        self.start: float | None = None
        """Equity less P&L: what the account began with."""
        self.positions: dict[int, PositionLine] = {}
        self.equity_curve: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.version = 0

    def fold(self, update: PortfolioUpdate) -> None:
        """Take the exchange's word."""
        self.known = True
        self.cash, self.reserved = update.cash, update.reserved
        self.start = update.total_value - update.pnl
        self.positions = {
            shape.instrument_id: PositionLine(
                shape.instrument_id, shape.quantity, shape.avg_price, shape.current_price, shape.realized_pnl
            )
            for shape in update.positions.values()
        }
        self.version += 1

    def mark(self, symbol_id: int, price: float) -> None:
        """A newer price for a held instrument."""
        line = self.positions.get(symbol_id)
        if line is not None and line.mark != price:
            self.positions[symbol_id] = PositionLine(symbol_id, line.qty, line.average, price, line.realized)
            self.version += 1

    @property
    def equity(self) -> float:
        """Cash plus positions at their marks."""
        return self.cash + sum(line.value for line in self.positions.values())

    @property
    def pnl(self) -> float:
        """Equity less what the account began with."""
        return 0.0 if self.start is None else self.equity - self.start

    @property
    def flat(self) -> bool:
        """Whether no position is open."""
        return not any(line.qty for line in self.positions.values())

    def qty(self, symbol_id: int) -> float:
        """Signed position in one instrument."""
        line = self.positions.get(symbol_id)
        return line.qty if line is not None else 0.0

    def sample(self) -> None:
        """Note the equity of this second."""
        if self.known:
            self.equity_curve.append(self.equity)
            self.version += 1

"""The tape: prints of one instrument, with runs at one price merged into one line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from engine.types import Side
from net.messages import TradeShape
from tui.view.scale import Scale

RUN_GAP_MS = 250
"""Prints of the same side and price that follow within this time are one run."""


class Run(msgspec.Struct, frozen=True):
    """One or more prints in a row of the same side at the same price."""

    time: int
    """Server time of the last print, ms."""
    ticks: int
    qty: float
    side: Side | None
    prints: int = 1


class Tape:
    """Newest prints first; bounded."""

    def __init__(self, scale: Scale, limit: int = 500) -> None:
        self.scale = scale
        self._runs: deque[Run] = deque(maxlen=limit)
        self._first_trade = 0
        """Ids of the oldest and the newest print that it was made from."""
        self._last_trade = 0
        self.version = 0

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def add(self, trade: TradeShape) -> None:
        """Take one print; one that is already on the tape is dropped."""
        if trade.trade_id <= self._last_trade:
            return
        self._first_trade = self._first_trade or trade.trade_id
        self._last_trade = trade.trade_id
        run = Run(trade.timestamp, self.scale.ticks(trade.price), trade.quantity, trade.side)
        head = self._runs[0] if self._runs else None
        if head is not None and _continues(head, run):
            self._runs[0] = Run(run.time, run.ticks, head.qty + run.qty, run.side, head.prints + 1)
        else:
            self._runs.appendleft(run)
        self.version += 1

    def fill(self, history: Iterable[TradeShape]) -> None:
        """Take a history in any order; prints that are already there stay."""
        trades = sorted(history, key=lambda trade: trade.trade_id)
        runs, first = list(self._runs), self._first_trade
        if runs and trades and trades[0].trade_id < first:
            last, self._last_trade, self._first_trade = self._last_trade, 0, 0
            self._runs.clear()
            for trade in trades:
                if trade.trade_id < first:
                    self.add(trade)
            self._runs.extendleft(reversed(runs))
            self._last_trade = last
        for trade in trades:
            self.add(trade)


def _continues(head: Run, run: Run) -> bool:
    return head.ticks == run.ticks and head.side is run.side and run.time - head.time <= RUN_GAP_MS

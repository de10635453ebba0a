"""A recorded live session as reports see it: the journal of a data directory, replayed into tapes and equity curves.

Times in a tape are those of the session: a stretch in which nothing at all happened (the exchange was not running) is
left out, so that a market that was opened on three evenings has three evenings of returns and no nights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from agents.market import NS, Levels, MarketView, SymbolView, read_levels
from agents.outcome import AgentOutcome, EquityCurves
from agents.simulated.recorder import DEPTH_LEVELS, Recorder, Tape
from engine.commands import AnyCommand
from engine.events import AnyEvent, DepthChanged, InstrumentAdded, InstrumentRemoved, Trade
from engine.instruments import Instrument
from engine.oms import OrderManagementSystem
from engine.recovery import OnLoss, refuse, replay
from engine.types import DECIMAL_SCALE, Side, SymbolId

CLOSED_NS: Final = 60 * NS
"""A longer silence of everybody is no part of the session."""
DEPTH_EVERY_S: Final = 10


class RecordedSession(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal tells of a market."""

    begun_at: int
    """Time (ns) of the first command."""
    ended_at: int
    seconds: float
    """How long the exchange was running."""
    commands: int
    events: int
    state_hash: str
    tapes: list[tuple[Tape, int]]
    """Of each instrument, with the session's time (ns) at which it begins."""
    agents: list[AgentOutcome]
    """Everybody who traded."""
    curve_step_s: int
    """Seconds between two points of their curves."""


def read_session(data_dir: Path, on_loss: OnLoss = refuse) -> RecordedSession:
    """Replay a journal, also while an engine writes it. ``on_loss`` is that of ``engine.recovery.replay``.

    Raises:
        JournalError: there is no journal, or it cannot be read.
        JournalCorrupt: it is damaged before its end.
    """
    replayed = _Replay()
    for now, command in replay(data_dir, on_loss):
        replayed.apply(command, now)
    return replayed.session()


class _Replay:
    """The exchange as it was, and what was seen of it second by second."""

    def __init__(self) -> None:
        self._oms = OrderManagementSystem()
        self._recorder = Recorder()
        self._commands = 0
        self._begun_at = self._ended_at = 0
        self._market = MarketView(self._read_book)
        self._closed_ns = 0
        self._next_second = 0
        self._starts: dict[SymbolId, int] = {}
        self._equity = EquityCurves(0)

    def apply(self, command: AnyCommand, now: int) -> None:
        """Take the next command."""
        if not self._commands:
            self._begun_at = self._ended_at = now
        self._commands += 1
        if now - self._ended_at > CLOSED_NS:
            self._closed_ns += now - self._ended_at
        self._ended_at = now
        self._market.now = session_now = now - self._begun_at - self._closed_ns
        while self._next_second <= session_now:
            self._sample()
        mid_before = self._mid(getattr(command, "symbol_id", None))
        for event in self._oms.submit(command, now):
            self._note(event, mid_before)

    def session(self) -> RecordedSession:
        """Everything so far."""
        accounts = self._oms.accounts()
        self._equity.note(accounts)
        return RecordedSession(
            begun_at=self._begun_at,
            ended_at=self._ended_at,
            seconds=self._market.now / NS,
            commands=self._commands,
            events=self._oms.sequence,
            state_hash=self._oms.state_hash(),
            tapes=[(tape, self._starts[symbol_id]) for symbol_id, tape in self._recorder.tapes.items()],
            agents=[self._equity.outcome(account) for account in accounts if account.fills],
            curve_step_s=self._equity.every_s,
        )

    def _note(self, event: AnyEvent, mid_before: float) -> None:
        match event:
            case Trade():
                sign = 0 if event.side is None else 1 if event.side is Side.BUY else -1
                self._recorder.trade(event.symbol_id, self._market.now, event.price, event.qty, sign, mid_before)
                self._market.on_trade(event.symbol_id, event.price, event.qty, event.side)
            case DepthChanged():
                self._market.mark_book(event.symbol_id)
            case InstrumentAdded():
                self._list(event.instrument)
            case InstrumentRemoved():
                self._market.remove(event.symbol_id)

    def _mid(self, symbol_id: SymbolId | None) -> float:
        if symbol_id is None or symbol_id not in self._market:
            return 0.0
        return self._market.symbol(symbol_id).mid

    def _list(self, instrument: Instrument) -> None:
        symbol = SymbolView(
            instrument.symbol_id,
            instrument.ticker,
            instrument.initial_price,
            tick_size=instrument.tick_size_e8 / DECIMAL_SCALE,
            lot_size=instrument.lot_size_e8 / DECIMAL_SCALE,
        )
        self._market.add(symbol)
        self._recorder.list_instrument(symbol)
        self._starts[instrument.symbol_id] = self._next_second

    def _sample(self) -> None:
        second = self._next_second // NS
        self._next_second += NS
        for listed in self._market:
            symbol = self._market.symbol(listed.symbol_id)
            self._recorder.sample(symbol, 0.0)
            if second % DEPTH_EVERY_S == 0:
                self._recorder.sample_depth(symbol.symbol_id, *self._read_book(symbol.symbol_id, DEPTH_LEVELS))
        if second % self._equity.every_s == 0:
            self._equity.note(self._oms.accounts())

    def _read_book(self, symbol_id: SymbolId, levels: int) -> tuple[Levels, Levels]:
        return read_levels(self._oms, symbol_id, levels)

"""What is noted of a bot while it runs: every order, every fill, and where the market went after it."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from agents.intents import AgentEvent, AgentIntent, Fill, New, Quotes
from agents.market import NS
from agents.strategy import Context, Strategy
from engine.types import CASH_SCALE, Liquidity, OrderId, Side, SymbolId

if TYPE_CHECKING:
    from agents.simulation import Simulation

BOT_NAME: Final = "bot under test"
ADVERSE_S: Final = 10
"""A fill's adverse selection is the mid's move over so many seconds after it."""


class Figures(msgspec.Struct, frozen=True):
    """The sums that a grade is made of; amounts in currency units."""

    spread_pnl: float
    adverse_selection: float
    fill_ratio: float
    slippage_ticks: float
    queue_ahead: float
    maker_share: float


class Watched:
    """A bot with a notebook: passes everything on, and notes it."""

    def __init__(self, bot: Strategy, context: Context, ledger: Ledger) -> None:
        self.wants = bot.wants
        self._bot = bot
        self._context = context
        self._ledger = ledger

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Let the bot react."""
        if isinstance(event, Fill):
            self._ledger.note_fill(event, self._context.market.now)
        intents = self._bot.on_event(event)
        for intent in intents:
            self._ledger.note_intent(intent)
        return intents


class Ledger:
    """Notes of one run."""

    def __init__(self) -> None:
        self.orders = 0
        self.error = ""
        """What the bot raised, and where, which ended its part."""
        self._ordered = 0
        self._fills: list[tuple[int, Fill, float]] = []
        self._queues: list[int] = []
        self._simulation: Simulation | None = None

    def attach(self, simulation: Simulation) -> None:
        """Watch this run."""
        self._simulation = simulation
        simulation.venue.on_rested = self.note_rested

    def note_error(self, error: Exception) -> None:
        """The bot raised."""
        *_, place = traceback.extract_tb(error.__traceback__)
        self.error = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"

    def note_intent(self, intent: AgentIntent) -> None:
        """The bot wants something."""
        if isinstance(intent, New):
            self.orders += 1
            self._ordered += intent.qty
        elif isinstance(intent, Quotes):
            self.orders += len(intent.bids) + len(intent.asks)
            self._ordered += sum(qty for _, qty in (*intent.bids, *intent.asks))

    def note_rested(self, agent_id: str, order_id: OrderId) -> None:
        """Some agent's order entered the book."""
        if agent_id == BOT_NAME and self._simulation is not None:
            order = self._simulation.oms.order(order_id)
            if order is not None and order.queue_ahead is not None:
                self._queues.append(order.queue_ahead)

    def note_fill(self, fill: Fill, now: int) -> None:
        """The bot traded."""
        mid = 0.0
        if self._simulation is not None:
            mid = self._simulation.world.market.symbol(fill.symbol_id).mid
        self._fills.append((now, fill, mid))

    def figures(self, simulation: Simulation) -> Figures:
        """What the notes add up to."""
        spread = adverse = slippage = 0.0
        taken = rested = 0
        values = {item.symbol_id: item.tick_value / CASH_SCALE for item in simulation.oms.instruments()}
        for now, fill, mid in self._fills:
            sign = 1 if fill.side is Side.BUY else -1
            worth = values[fill.symbol_id] * fill.qty
            spread += sign * (mid - fill.price) * worth
            adverse += sign * (self._mid_later(simulation, fill.symbol_id, now, mid) - mid) * worth
            if fill.liquidity is Liquidity.TAKER:
                taken += fill.qty
                slippage += sign * (fill.price - mid) * fill.qty
            else:
                rested += fill.qty
        return Figures(
            spread,
            adverse,
            (taken + rested) / self._ordered if self._ordered else 0.0,
            slippage / taken if taken else 0.0,
            sum(self._queues) / len(self._queues) if self._queues else 0.0,
            rested / (taken + rested) if taken + rested else 0.0,
        )

    @staticmethod
    def _mid_later(simulation: Simulation, symbol_id: SymbolId, now: int, mid: float) -> float:
        from agents.simulation import START_NS

        tape = simulation.recorder.tapes[symbol_id]
        second = (now - START_NS) // NS + ADVERSE_S
        if second >= len(tape.bid) or not tape.bid[second] or not tape.ask[second]:
            return mid
        return (tape.bid[second] + tape.ask[second]) / 2

"""What an agent is: a plain object that hears events and answers with intents.

It reads the public market view, its own portfolio and its own random streams; it owns no socket, reads no clock and
touches no global state. The same object therefore runs live and in virtual time. ``Clock`` and ``Venue`` are the two
seams a driver fills in.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from agents.intents import AgentEvent, AgentIntent, Ask, Fill
from agents.market import MarketView
from agents.rng import stream
from engine.types import Side, SymbolId


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the parameters of a strategy: what a personality or a scenario may set."""


class Research(Protocol):
    """Private research: what an analyst would say an instrument is worth, noisy and late."""

    def value(self, symbol_id: SymbolId) -> float | None:
        """The value in ticks, or None when nothing is known."""


class Clock(Protocol):
    """Time, virtual or real."""

    def now_ns(self) -> int:
        """The time now."""

    def call_at(self, when_ns: int, callback: Callable[..., None], *args: object) -> None:
        """Call back at ``when_ns``, or at once when that is past."""


class Venue(Protocol):
    """Where an agent's orders go: the order-management system, or a connection to it."""

    def send(self, agent_id: str, intents: list[AgentIntent]) -> None:
        """Carry out intents of one agent, in their order; what comes of them arrives as events. Keeps the list."""

    def ask(self, agent_id: str, question: Ask) -> None:
        """Put an agent's question to the language model; the answer arrives as an event."""


class Portfolio:
    """Positions, in lots, and open orders of one agent, from its own fills."""

    __slots__ = ("cash_ticks", "fills", "positions", "working")

    def __init__(self) -> None:
        self.positions: dict[SymbolId, int] = {}
        self.cash_ticks: dict[SymbolId, int] = {}
        """Sum of signed price times quantity, per instrument: what its trades brought in, in ticks times lots."""
        self.working: dict[int, SymbolId] = {}
        """Open orders that carry a ``ref``, oldest first."""
        self.fills = 0

    def position(self, symbol_id: SymbolId) -> int:
        """Lots held, negative when short."""
        return self.positions.get(symbol_id, 0)

    def on_fill(self, fill: Fill) -> None:
        """Take one fill into the books."""
        signed = fill.qty if fill.side is Side.BUY else -fill.qty
        self.positions[fill.symbol_id] = self.positions.get(fill.symbol_id, 0) + signed
        self.cash_ticks[fill.symbol_id] = self.cash_ticks.get(fill.symbol_id, 0) - signed * fill.price
        self.fills += 1
        if fill.leaves_qty == 0 and fill.ref:
            self.working.pop(fill.ref, None)

    def profit_ticks(self, symbol_id: SymbolId, mark: float) -> float:
        """Profit in one instrument, in ticks times lots, at ``mark``."""
        return self.cash_ticks.get(symbol_id, 0) + self.positions.get(symbol_id, 0) * mark


class Context:
    """Everything one agent may know and use."""

    __slots__ = (
        "_next_ref",
        "agent_id",
        "live",
        "market",
        "narrate",
        "owner",
        "personality",
        "portfolio",
        "research",
        "seed",
        "symbols",
    )

    def __init__(
        self,
        agent_id: str,
        market: MarketView,
        *,
        seed: int = 0,
        owner: str = "",
        personality: str = "",
        symbols: frozenset[SymbolId] | None = None,
        research: Research | None = None,
        live: frozenset[str] = frozenset(),
    ) -> None:
        """``symbols`` are the instruments it may trade; None stands for all there are and all that come.

        ``live`` are tickers of an outside venue's markets that it may trade too, on paper.

        ``owner`` names its random streams; it stays when an account gets another id.
        """
        self.agent_id = agent_id
        self.market = market
        self.seed = seed
        self.owner = owner or agent_id
        self.personality = personality
        self.symbols = symbols
        self.live = live
        self.research = research
        self.portfolio = Portfolio()
        self.narrate = False
        """Whether somebody would hear an ``Explain`` now; strategies skip composing it otherwise."""
        self._next_ref = 0

    def rng(self, purpose: str) -> random.Random:
        """This agent's own random stream for one purpose."""
        return stream(self.seed, self.owner, purpose)

    def new_ref(self) -> int:
        """A number no other order of this agent carries."""
        self._next_ref += 1
        return self._next_ref

    def trades(self, symbol_id: SymbolId) -> bool:
        """Whether the agent may trade this instrument."""
        ticker = self.market.live.get(symbol_id)
        if ticker is not None:
            return ticker in self.live
        return self.symbols is None or symbol_id in self.symbols


class Strategy(Protocol):
    """An agent's behaviour."""

    @property
    def wants(self) -> frozenset[type]:
        """Public events it reacts to (``Book``, ``Trade``, ``News``); its own events and timers always reach it."""

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """React to one event."""


def side_of(direction: float) -> Side:
    """BUY for a positive number, SELL for the others."""
    return Side.BUY if direction > 0 else Side.SELL

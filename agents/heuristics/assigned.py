"""The base of traders from the experimental literature: each works a client's order and keeps what it saves.

A client's order (an assignment) has a side, a size and a limit price; the limits lie around the instrument's value, so
that supply and demand cross there. The trader quotes inside the limit, and its strategy says how far inside. Distances
are in sigmas, the normal one-second move of an instrument: the literature's are fractions of the price, for laboratory
goods that cost about one and whose clients differ by half of it.

``sign`` is 1 for a buyer and -1 for a seller. A price times the sign is larger the more generous it is, which lets one
rule serve both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from agents.intents import AgentEvent, AgentIntent, Cancel, Done, Fill, New, Replace, Trade
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import Side, SymbolId


class AssignedParameters(Parameters, frozen=True, kw_only=True):
    """What all of them share."""

    rate: float = 0.2
    """Looks a second at each instrument, in a normal market."""
    spread: float = 12.0
    """Standard deviation of clients' limits around the value, in sigmas."""
    size_mu: float = 1.2
    size_sigma: float = 0.6
    """Sizes are lognormal, in lots of an instrument of normal size."""
    patience_s: float = 180.0
    """A client takes back what is not done by then, in a market of normal activity."""
    max_position: float = 200.0
    """Beyond so many lots, in an instrument of normal size, it takes only orders that bring it back."""


class Assignment:
    """One client's order, and the quote that works it. Prices in ticks."""

    __slots__ = ("due", "limit", "price", "qty", "ref", "sign")

    def __init__(self, sign: int, limit: int, qty: int, due: int) -> None:
        self.sign = sign
        self.limit = limit
        self.qty = qty
        self.due = due
        self.ref = 0
        self.price = 0

    @property
    def side(self) -> Side:
        """Whether the client buys."""
        return Side.BUY if self.sign > 0 else Side.SELL


class AssignedTrader(PacedStrategy):
    """Works one assignment after another in each instrument. Subclasses say at which price."""

    wants: ClassVar[frozenset[type]] = frozenset({Trade})

    def __init__(self, context: Context, parameters: AssignedParameters) -> None:
        super().__init__(context, parameters.rate, attentive=False)
        self.assigned = parameters
        self.assignments: dict[SymbolId, Assignment] = {}

    def quote(self, symbol: SymbolView, assignment: Assignment) -> float | None:
        """The price to ask now, in ticks; None to stay out. Nobody pays more than the limit, whatever it says."""
        raise NotImplementedError

    def heard(self, symbol: SymbolView, assignment: Assignment | None, trade: Trade) -> None:
        """Learn from a public print; the assignment is the one under way in this instrument. For subclasses."""

    def unit(self, symbol: SymbolView) -> float:
        """How far clients' limits lie apart, in ticks."""
        return self.assigned.spread * symbol.base_volatility

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Quote for the client, or move the quote."""
        assignment = self.assignments.get(symbol.symbol_id)
        intents: list[AgentIntent] = []
        if assignment is None or assignment.due <= self.market.now:
            if assignment is not None and assignment.ref:
                intents.append(Cancel(symbol.symbol_id, assignment.ref))
            assignment = self.assignments[symbol.symbol_id] = self._next(symbol)
        wanted = self.quote(symbol, assignment)
        if wanted is not None:
            intents.extend(self._move(symbol, assignment, self._inside(assignment, wanted)))
        return intents

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Keep count of what is done, and listen to the tape."""
        if isinstance(event, Trade):
            if event.symbol_id in self.market and self.context.trades(event.symbol_id):
                self.heard(self.market.symbol(event.symbol_id), self.assignments.get(event.symbol_id), event)
        elif isinstance(event, Fill | Done) and event.ref:
            assignment = self.assignments.get(event.symbol_id)
            if assignment is not None and assignment.ref == event.ref:
                self._worked(assignment, event)
        return ()

    def _worked(self, assignment: Assignment, event: Fill | Done) -> None:
        if isinstance(event, Done):
            assignment.ref = 0
            return
        assignment.qty = event.leaves_qty
        if not event.leaves_qty:
            del self.assignments[event.symbol_id]

    def _next(self, symbol: SymbolView) -> Assignment:
        rng, parameters = self.rng, self.assigned
        value = self.context.research.value(symbol.symbol_id) if self.context.research else None
        limit = rng.gauss(symbol.mid if value is None else value, self.unit(symbol))
        sign = 1 if rng.random() < 0.5 else -1
        position = self.portfolio.position(symbol.symbol_id)
        if abs(position) > parameters.max_position * symbol.size:
            sign = -1 if position > 0 else 1
        qty = max(1, round(rng.lognormvariate(parameters.size_mu, parameters.size_sigma) * symbol.size))
        patience = parameters.patience_s / (symbol.activity * self.market.season)
        return Assignment(sign, max(1, round(limit)), qty, self.market.now + int(patience * NS))

    @staticmethod
    def _inside(assignment: Assignment, price: float) -> int:
        if assignment.sign > 0:
            return max(1, min(math.floor(price), assignment.limit))
        return max(math.ceil(price), assignment.limit)

    def _move(self, symbol: SymbolView, assignment: Assignment, price: int) -> Sequence[AgentIntent]:
        if assignment.ref:
            if price == assignment.price:
                return ()
            assignment.price = price
            return (Replace(symbol.symbol_id, assignment.ref, price),)
        assignment.ref, assignment.price = self.context.new_ref(), price
        order = New(symbol.symbol_id, assignment.side, assignment.qty, price, ref=assignment.ref)
        if not self.context.narrate:
            return (order,)
        action = (
            f"{assignment.side.value} {symbol.qty_text(assignment.qty)} {symbol.ticker} @ {symbol.price_text(price)}"
        )
        return (order, self.explain(symbol, action, f"a client's limit is {symbol.price_text(assignment.limit)}"))

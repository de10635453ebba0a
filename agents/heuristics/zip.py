"""ZIP, zero intelligence plus: raises its margin when trades say it could have had more, lowers it when outbid.

Source: Cliff 1997, "Minimal-intelligence agents for bargaining behaviors in market-based environments", HP Laboratories
HPL-97-91: the rules of its section 5 and the ranges that its learning rates and first margins are drawn from.
"""

from __future__ import annotations

from agents.heuristics.assigned import AssignedParameters, AssignedTrader, Assignment
from agents.intents import Trade
from agents.market import SymbolView
from agents.strategy import Context
from engine.types import SymbolId


class ZipParameters(AssignedParameters, frozen=True, kw_only=True):
    """A ZIP trader; each draws its own constants between these."""

    learning_min: float = 0.1
    learning_max: float = 0.5
    momentum_max: float = 0.1
    margin_min: float = 0.05
    margin_max: float = 0.35
    """First margin, as a share of the distance between clients' limits."""
    perturbation: float = 0.05
    """Largest relative and largest absolute part of the step beyond a price, as such shares."""


class Zip(AssignedTrader):
    """Adapts one margin for buying and one for selling in each instrument."""

    def __init__(self, context: Context, parameters: ZipParameters) -> None:
        super().__init__(context, parameters)
        self.parameters = parameters
        self.learning = self.rng.uniform(parameters.learning_min, parameters.learning_max)
        self.momentum = self.rng.uniform(0.0, parameters.momentum_max)
        self._margins: dict[tuple[SymbolId, int], float] = {}
        self._steps: dict[tuple[SymbolId, int], float] = {}
        self._best: dict[tuple[SymbolId, int], int] = {}

    def quote(self, symbol: SymbolView, assignment: Assignment) -> float:
        """The limit less the margin, after a look at whether somebody quotes better."""
        sign, key = assignment.sign, (symbol.symbol_id, assignment.sign)
        best = symbol.bid if sign > 0 else symbol.ask
        improved = best and sign * (best - self._best.get(key, best)) > 0
        self._best[key] = best
        price = self._price(symbol, assignment)
        if improved and sign * best > sign * price:
            self._learn(symbol, assignment, price, best, generous=True)
            price = self._price(symbol, assignment)
        return price

    def heard(self, symbol: SymbolView, assignment: Assignment | None, trade: Trade) -> None:
        """Raise the margin where this price could have been had, lower it where a competitor got it."""
        if assignment is None:
            return
        sign, price = assignment.sign, self._price(symbol, assignment)
        if sign * price >= sign * trade.price:
            self._learn(symbol, assignment, price, trade.price, generous=False)
        elif trade.side is assignment.side:
            self._learn(symbol, assignment, price, trade.price, generous=True)

    def margin(self, symbol: SymbolView, sign: int) -> float:
        """What it wants to keep, in ticks."""
        key = (symbol.symbol_id, sign)
        if key not in self._margins:
            share = self.rng.uniform(self.parameters.margin_min, self.parameters.margin_max)
            self._margins[key] = share * self.unit(symbol)
        return self._margins[key]

    def _price(self, symbol: SymbolView, assignment: Assignment) -> float:
        return assignment.limit - assignment.sign * self.margin(symbol, assignment.sign)

    def _learn(self, symbol: SymbolView, assignment: Assignment, price: float, heard: int, *, generous: bool) -> None:
        """Widrow-Hoff with momentum, towards a target a little beyond the price that was heard."""
        sign, key = assignment.sign, (symbol.symbol_id, assignment.sign)
        most = self.parameters.perturbation
        beyond = (self.rng.uniform(0.0, most) + self.rng.uniform(0.0, most)) * self.unit(symbol)
        target = heard + sign * (beyond if generous else -beyond)
        step = self.momentum * self._steps.get(key, 0.0) + (1.0 - self.momentum) * self.learning * (target - price)
        self._steps[key] = step
        self._margins[key] = max(0.0, sign * (assignment.limit - price - step))

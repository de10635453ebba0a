"""AA, adaptive aggressiveness: estimates where supply meets demand and learns how eagerly to bid for it.

Source: Vytelingum, Cliff, Jennings 2008, "Strategic bidding in continuous double auctions", Artificial Intelligence
172: target prices for traders within and beyond the margin, the learning of aggressiveness and of the curve's shape.
"""

from __future__ import annotations

import math
from collections import deque

from agents.heuristics.assigned import AssignedParameters, AssignedTrader, Assignment
from agents.intents import Trade
from agents.market import SymbolView
from agents.strategy import Context
from engine.types import SymbolId

MEMORY = 30
"""Prints that the estimate of the equilibrium is made of."""
FLAT = 1e-6
"""A curve with a smaller shape parameter is a straight line."""


class AdaptiveParameters(AssignedParameters, frozen=True, kw_only=True):
    """An AA trader."""

    learning: float = 0.5
    """Of the aggressiveness (beta 1)."""
    shape_learning: float = 0.5
    """Of the curve's shape (beta 2)."""
    relative_step: float = 0.02
    absolute_step: float = 0.01
    """How far beyond a price's aggressiveness it aims (lambda r, lambda a)."""
    shape_min: float = -8.0
    shape_max: float = 2.0
    shape_gamma: float = 2.0
    recency: float = 0.9
    """Weight of each print, as a share of the next one's."""
    approach: float = 3.0
    """Share of the way from the best price to the target that one bid goes (eta)."""
    reach: float = 2.0
    """Furthest target from the equilibrium of somebody who is in no hurry, in distances of clients' limits."""


class Beliefs:
    """What one trader makes of one instrument's prints."""

    __slots__ = ("aggressiveness", "equilibrium", "prices", "roughest", "shape", "smoothest")

    def __init__(self, aggressiveness: float) -> None:
        self.aggressiveness = aggressiveness
        """From -1, passive, to 1, which pays the limit."""
        self.equilibrium: float | None = None
        self.prices: deque[int] = deque(maxlen=MEMORY)
        self.shape = -4.0
        self.smoothest, self.roughest = math.inf, 0.0

    def take(self, price: int, parameters: AdaptiveParameters) -> None:
        """Digest one print."""
        self.prices.append(price)
        weight, total, weights = 1.0, 0.0, 0.0
        for past in reversed(self.prices):
            total, weights, weight = total + weight * past, weights + weight, weight * parameters.recency
        self.equilibrium = centre = total / weights
        rough = math.sqrt(sum([(past - centre) ** 2 for past in self.prices]) / len(self.prices)) / centre
        self.smoothest, self.roughest = min(self.smoothest, rough), max(self.roughest, rough)
        if self.roughest > self.smoothest:
            share = (rough - self.smoothest) / (self.roughest - self.smoothest)
            bend = (1.0 - share) * math.exp(parameters.shape_gamma * (share - 1.0))
            wanted = (parameters.shape_max - parameters.shape_min) * bend + parameters.shape_min
            self.shape += parameters.shape_learning * (wanted - self.shape)


class AdaptiveAggressive(AssignedTrader):
    """Keeps an aggressiveness for each instrument and bids step by step towards its target."""

    def __init__(self, context: Context, parameters: AdaptiveParameters) -> None:
        super().__init__(context, parameters)
        self.parameters = parameters
        self._beliefs: dict[SymbolId, Beliefs] = {}
        self._best: dict[tuple[SymbolId, int], int] = {}

    def beliefs(self, symbol: SymbolView) -> Beliefs:
        """What it makes of an instrument."""
        known = self._beliefs.get(symbol.symbol_id)
        if known is None:
            known = self._beliefs[symbol.symbol_id] = Beliefs(self.rng.uniform(-0.3, 0.3))
        return known

    def heard(self, symbol: SymbolView, assignment: Assignment | None, trade: Trade) -> None:
        """Aim lower where this price could have been had, higher where it was missed."""
        if assignment is not None:
            sign = assignment.sign
            missed = sign * self.target(symbol, assignment) < sign * trade.price
            self._learn(symbol, assignment, trade.price, eager=missed)
        self.beliefs(symbol).take(trade.price, self.parameters)

    def target(self, symbol: SymbolView, assignment: Assignment) -> float:
        """The price that its aggressiveness stands for, in ticks."""
        beliefs, sign, limit = self.beliefs(symbol), assignment.sign, float(assignment.limit)
        centre = limit if beliefs.equilibrium is None else beliefs.equilibrium
        start = centre if sign * limit > sign * centre else limit
        eager = beliefs.aggressiveness
        if eager < 0:
            return start - sign * self._reach(symbol) * _curve(-eager, beliefs.shape)
        return start + (limit - start) * _curve(eager, beliefs.shape)

    def quote(self, symbol: SymbolView, assignment: Assignment) -> float | None:
        """Take what is better than the target, else go part of the way there from the best price of the own side."""
        sign = assignment.sign
        best, opposite = (symbol.bid, symbol.ask) if sign > 0 else (symbol.ask, symbol.bid)
        key = (symbol.symbol_id, sign)
        known, self._best[key] = self._best.get(key, best), best
        if best and sign * best > sign * known and sign * self.target(symbol, assignment) <= sign * best:
            self._learn(symbol, assignment, best, eager=True)
        target = self.target(symbol, assignment)
        if opposite and sign * opposite <= min(sign * target, sign * assignment.limit):
            return float(opposite)
        if not best or sign * target <= sign * best:
            return target
        if assignment.ref and assignment.price == best:
            return float(best)
        if sign * assignment.limit <= sign * best:
            return None
        return best + sign * math.ceil(sign * (target - best) / self.parameters.approach)

    def _learn(self, symbol: SymbolView, assignment: Assignment, heard: int, *, eager: bool) -> None:
        beliefs, parameters = self.beliefs(symbol), self.parameters
        shout = self._aggressiveness_of(symbol, assignment, heard)
        beyond = parameters.relative_step * abs(shout) + parameters.absolute_step
        desired = shout + (beyond if eager else -beyond)
        moved = beliefs.aggressiveness + parameters.learning * (desired - beliefs.aggressiveness)
        beliefs.aggressiveness = min(max(moved, -1.0), 1.0)

    def _aggressiveness_of(self, symbol: SymbolView, assignment: Assignment, price: int) -> float:
        """The aggressiveness that would have asked for ``price``: the inverse of ``target``."""
        beliefs, sign, limit = self.beliefs(symbol), assignment.sign, float(assignment.limit)
        centre = limit if beliefs.equilibrium is None else beliefs.equilibrium
        start = centre if sign * limit > sign * centre else limit
        ahead = sign * (price - start)
        if ahead < 0:
            return -_uncurve(-ahead / self._reach(symbol), beliefs.shape)
        room = sign * (limit - start)
        return _uncurve(ahead / room, beliefs.shape) if room > 0 else 0.0

    def _reach(self, symbol: SymbolView) -> float:
        return self.parameters.reach * self.unit(symbol)


def _curve(share: float, shape: float) -> float:
    return share if abs(shape) < FLAT else math.expm1(share * shape) / math.expm1(shape)


def _uncurve(share: float, shape: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share if abs(shape) < FLAT else math.log1p(share * math.expm1(shape)) / shape

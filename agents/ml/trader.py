"""A trader that predicts the next seconds from the public feed, learns from what came, and acts past its costs.

Where the model is young or unsure it passes on to its heuristic, and says so.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.fallback import Fallback
from agents.heuristics.chartist import Chartist, ChartistParameters
from agents.intents import AgentIntent
from agents.market import NS, SymbolView
from agents.ml.features import FeatureReader
from agents.ml.softmax import DOWN, FLAT, UP, OnlineSoftmax
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from engine.types import SymbolId

PENDING: Final = 256


class MLTraderParameters(Parameters, frozen=True, kw_only=True):
    """A trader that learns."""

    rate: float = 0.2
    model: str = ""
    """Path of a saved model to begin with; empty begins with none."""
    horizon_s: float = 20.0
    """How far ahead it predicts."""
    move_sigmas: float = 2.0
    """A move of less than so many normal one-second moves within the horizon counts as flat."""
    warm_examples: int = 300
    """Examples before its predictions count."""
    edge: float = 0.12
    """Probability of the better direction over the other one, past which it acts."""
    size: float = 5.0
    max_position: float = 60.0


class _Eye:
    """One instrument: its features, the predictions that wait for their outcome."""

    __slots__ = ("pending", "reader")

    def __init__(self, reader: FeatureReader) -> None:
        self.reader = reader
        self.pending: deque[tuple[int, float, list[float]]] = deque(maxlen=PENDING)


def label(move: float, least: float) -> int:
    """The class of a move."""
    return UP if move > least else DOWN if move < -least else FLAT


class MLTrader(PacedStrategy):
    """Predicts, learns, trades."""

    stage = "ml"

    def __init__(
        self, context: Context, parameters: MLTraderParameters, heuristic: PacedStrategy | None = None
    ) -> None:
        """``heuristic`` is the rule of a model that knows too little: a chartist's unless given.

        ``agents.ml.softmax.ModelError`` when a saved model cannot be used.
        """
        super().__init__(context, parameters.rate, attentive=False)
        self.parameters = parameters
        self.model = OnlineSoftmax.load(Path(parameters.model)) if parameters.model else OnlineSoftmax()
        self._fallback = Fallback(heuristic or Chartist(context, ChartistParameters(size_mu=1.0)))
        self._eyes: dict[SymbolId, _Eye] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Begin to watch."""
        self._eyes[symbol.symbol_id] = _Eye(FeatureReader(self.market, symbol))
        return self._fallback.listed(symbol)

    def watch(self, symbol: SymbolView) -> list[float]:
        """Learn from what is known by now; the features of this moment, to be learned from later."""
        eye = self._eyes[symbol.symbol_id]
        self._learn(symbol, eye)
        features = eye.reader.read(self.portfolio.position(symbol.symbol_id) / self._limit(symbol))
        eye.pending.append((self.market.now, symbol.mid, features))
        return features

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Predict, and act on a clear prediction."""
        features = self.watch(symbol)
        if self.model.examples < self.parameters.warm_examples:
            reason = f"ml: {self.model.examples} of {self.parameters.warm_examples} examples seen"
            return self._fallback.decide(symbol, reason)
        probabilities = self.model.predict(features)
        edge = probabilities[UP] - probabilities[DOWN]
        if abs(edge) < self.parameters.edge:
            return ()
        qty = max(1, round(self.parameters.size * symbol.size))
        direction = math.copysign(1, edge)
        if self.portfolio.position(symbol.symbol_id) * direction + qty > self._limit(symbol):
            return ()
        intents: list[AgentIntent] = [self.take(symbol, side_of(edge), qty, slippage=1)]
        if self.context.narrate:
            why = f"up {probabilities[UP]:.0%}, down {probabilities[DOWN]:.0%} in {self.parameters.horizon_s:g} s"
            action = f"{side_of(edge).value} {symbol.qty_text(qty)} {symbol.ticker}"
            intents.append(self.explain(symbol, action, why, max(probabilities)))
        return intents

    def _limit(self, symbol: SymbolView) -> float:
        return self.parameters.max_position * symbol.size

    def _learn(self, symbol: SymbolView, eye: _Eye) -> None:
        due = self.market.now - self.parameters.horizon_s * NS
        while eye.pending and eye.pending[0][0] <= due:
            _, mid, features = eye.pending.popleft()
            self.model.learn(features, label(symbol.mid - mid, self.parameters.move_sigmas * symbol.base_volatility))

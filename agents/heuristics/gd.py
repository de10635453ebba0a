"""GD: believes what recent shouts and trades say about which prices are accepted, and asks for the best expected gain.

Source: Gjerstad, Dickhaut 1998, "Price formation in double auctions", Games and Economic Behavior 22: the belief
functions from a bounded memory of shouts, and their cubic interpolation with zero slope at what was observed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque

from agents.heuristics.assigned import AssignedParameters, AssignedTrader, Assignment
from agents.intents import Trade
from agents.market import SymbolView
from agents.strategy import Context
from engine.types import Side, SymbolId

MAX_SHOUTS = 200
"""Of each kind, in each instrument: a limit for markets that quote much and trade little."""
MAX_CANDIDATES = 40
"""Prices that are weighed against each other at one look."""


class GdParameters(AssignedParameters, frozen=True, kw_only=True):
    """A GD trader."""

    memory: int = 8
    """Trades that it remembers, with what was shouted meanwhile."""
    reach: float = 2.0
    """Nobody trades further than this from the middle, it believes; in distances of clients' limits."""


class Shouts:
    """Bids and asks that were heard in one instrument, and what became of them. Prices in ticks."""

    __slots__ = ("_outstanding", "accepted", "rejected", "trades")

    def __init__(self, memory: int) -> None:
        self.trades = 0
        self.accepted: dict[int, deque[tuple[int, int]]] = {1: deque(maxlen=memory), -1: deque(maxlen=memory)}
        """By side (1 for bids): the trade's number and its price."""
        self.rejected: dict[int, deque[tuple[int, int]]] = {1: deque(maxlen=MAX_SHOUTS), -1: deque(maxlen=MAX_SHOUTS)}
        self._outstanding = {1: 0, -1: 0}

    def trade(self, price: int, side: Side | None) -> None:
        """A quote was accepted: an ask when the taker bought."""
        self.trades += 1
        for sign in (1, -1) if side is None else (-1,) if side is Side.BUY else (1,):
            self.accepted[sign].append((self.trades, price))
            if self._outstanding[sign] == price:
                self._outstanding[sign] = 0

    def quotes(self, bid: int, ask: int, memory: int) -> None:
        """The best quotes now; those of the last look that nobody took were rejected. Forgets what is old."""
        for sign, best in ((1, bid), (-1, ask)):
            if self._outstanding[sign]:
                self.rejected[sign].append((self.trades, self._outstanding[sign]))
            self._outstanding[sign] = best
            for kept in (self.accepted[sign], self.rejected[sign]):
                while kept and kept[0][0] <= self.trades - memory:
                    kept.popleft()


class Belief:
    """The probability that a quote is accepted, as a function of its price times ``sign``; rises with generosity.

    Nobody accepts what is ``reach`` from the middle on the own side, everybody what is as far on the other.
    """

    __slots__ = ("_knots", "_values")

    def __init__(self, shouts: Shouts, sign: int, symbol: SymbolView, reach: float) -> None:
        best, opposite = (symbol.bid, symbol.ask) if sign > 0 else (symbol.ask, symbol.bid)
        taken = sorted(sign * price for _, price in shouts.accepted[sign])
        offered = sorted([sign * price for _, price in (*shouts.accepted[-sign], *shouts.rejected[-sign])])
        refused = sorted(sign * price for _, price in shouts.rejected[sign])
        self._knots: list[int] = sorted({*taken, *offered, *refused, *((sign * best,) if best else ())})
        self._values: list[float] = []
        for knot in self._knots:
            good = bisect_right(taken, knot) + bisect_right(offered, knot)
            bad = len(refused) - bisect_left(refused, knot)
            self._values.append(good / (good + bad) if good + bad else 0.0)
        self._bound(round(sign * symbol.mid - reach), sign * opposite if opposite else round(sign * symbol.mid + reach))

    def _bound(self, never: int, surely: int) -> None:
        first, last = bisect_right(self._knots, never), bisect_left(self._knots, surely)
        self._knots = [never, *self._knots[first:last], surely]
        self._values = [0.0, *self._values[first:last], 1.0]

    def at(self, generous: float) -> float:
        """How likely a quote at this price times ``sign`` is taken."""
        knots, values = self._knots, self._values
        place = bisect_right(knots, generous)
        if place == 0:
            return 0.0
        if place == len(knots):
            return values[-1]
        share = (generous - knots[place - 1]) / (knots[place] - knots[place - 1])
        smooth: float = share * share * (3.0 - 2.0 * share)
        return values[place - 1] + smooth * (values[place] - values[place - 1])


class Gd(AssignedTrader):
    """Asks for the price with the largest product of gain and probability."""

    def __init__(self, context: Context, parameters: GdParameters) -> None:
        super().__init__(context, parameters)
        self.parameters = parameters
        self._shouts: dict[SymbolId, Shouts] = {}

    def heard(self, symbol: SymbolView, assignment: Assignment | None, trade: Trade) -> None:
        """Remember what was accepted."""
        del assignment
        self._known(symbol).trade(trade.price, trade.side)

    def quote(self, symbol: SymbolView, assignment: Assignment) -> float | None:
        """The price with the best expectation; None while none promises anything."""
        shouts, sign = self._known(symbol), assignment.sign
        shouts.quotes(symbol.bid, symbol.ask, self.parameters.memory)
        belief = Belief(shouts, sign, symbol, self.parameters.reach * self.unit(symbol))
        opposite = symbol.ask if sign > 0 else symbol.bid
        most = min(sign * assignment.limit, sign * opposite) if opposite else sign * assignment.limit
        gains = [
            ((sign * assignment.limit - generous) * belief.at(generous), generous)
            for generous in range(most, most - MAX_CANDIDATES, -1)
        ]
        gain, generous = max(gains)
        return float(sign * generous) if gain > 0 else None

    def _known(self, symbol: SymbolView) -> Shouts:
        known = self._shouts.get(symbol.symbol_id)
        if known is None:
            known = self._shouts[symbol.symbol_id] = Shouts(self.parameters.memory)
        return known

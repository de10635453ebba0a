"""A market maker that learns from order flow and leans against its inventory.

It keeps its own estimate of the price, moved by the *surprise* in the sign of each print (what the recent flow made
predictable moves nothing), quotes several levels around it with a half-spread that widens with volatility, and skews
both sides against its position.

Sources: Glosten, Milgrom 1985 (flow is information); Madhavan, Richardson, Roomans 1997 and Bouchaud, Gefen, Potters,
Wyart 2004 (only the surprise in flow has permanent impact); Avellaneda, Stoikov 2008 (spread and inventory skew).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final

from agents.intents import AgentEvent, AgentIntent, Done, Explain, Fill, Quotes, Repriced, Trade
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import RejectCode, Side, SymbolId

REPRICED_SHARE: Final = 0.7
"""Share of a posted headline's move that makers quote at once; the rest is found by trading."""
TYPICAL_TRADE: Final = 8.0
"""Lots of a print that moves the estimate by one ``flow_gain``."""


class MakerParameters(Parameters, frozen=True, kw_only=True):
    """A market maker. Distances in ticks, sigma is ticks per square root of a second."""

    rate: float = 1.0
    """Requotes a second in each instrument, besides those that prints cause."""
    half_spread: float = 0.58
    sigma_gain: float = 0.97
    """Half-spread added for each unit of volatility."""
    levels: int = 5
    level_step: float = 0.8
    """Distance of one level to the next, in sigmas, at least a tick."""
    size: float = 8.0
    """Lots of the best level, in an instrument of normal size."""
    size_growth: float = 0.15
    """Each further level is this much larger."""
    inventory_skew: float = 0.06
    """Ticks that both sides move against each lot of inventory, in an instrument of normal size and volatility."""
    max_skew_sigmas: float = 100.0
    flow_gain: float = 0.9
    """Ticks that the surprise of one typical print moves the estimate."""
    flow_memory: float = 0.04
    """Weight of the newest sign in the expected one."""
    flow_rho: float = 1.2
    """How much of the expected sign counts as known beforehand."""
    least_surprise: float = 0.1
    """A print moves the estimate its own way by at least this much, however expected it was."""
    size_power: float = 0.2
    """Impact of a print grows with its size to this power."""
    anchor: float = 0.02
    """Share of the distance to the book's mid that each timed requote closes."""
    reaction_ms: float = 100.0
    """Shortest time between two requotes."""
    max_inventory: float = 600.0
    """Lots, in an instrument of normal size, at which the side that would add to it is quoted in ``least_share`` of
    its size."""
    least_share: float = 0.2


class _Estimate:
    """What the maker believes of one instrument."""

    __slots__ = ("careful", "expected_sign", "price", "quoted_at", "quoted_center", "quotes", "terms")

    def __init__(self, price: float) -> None:
        self.price = price
        self.expected_sign = 0.0
        self.quoted_center = -1e9
        self.quoted_at = -NS
        self.careful = False
        """Whether the last quotes already kept clear of the whole book."""
        self.quotes: Quotes | None = None
        """What stands in the book now as far as the maker knows; None after a fill."""
        self.terms = (0, 0, 0)
        """Best bid, best ask and position that it was made of."""


class Maker(PacedStrategy):
    """Quotes both sides of every instrument it trades."""

    wants: ClassVar[frozenset[type]] = frozenset({Trade, Repriced})

    def __init__(self, context: Context, parameters: MakerParameters) -> None:
        super().__init__(context, parameters.rate, attentive=False)
        self.parameters = parameters
        self._estimates: dict[SymbolId, _Estimate] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Quote at once, around where the market is whatever position the maker brings along."""
        fair = max(symbol.last, symbol.bid)
        fair = min(fair, symbol.ask) if symbol.ask else fair
        estimate = self._estimates[symbol.symbol_id] = _Estimate(fair + self._skew(symbol))
        return self._quote(symbol, estimate)

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Move the estimate with a print, and requote when that moved the quotes."""
        if isinstance(event, Fill | Done) and event.symbol_id in self._estimates:
            stale = self._estimates[event.symbol_id]
            stale.quotes = None
            if isinstance(event, Done) and event.code == RejectCode.WOULD_CROSS.value and not stale.careful:
                return self._quote(self.market.symbol(event.symbol_id), stale, careful=True)
        if isinstance(event, Repriced) and event.symbol_id in self._estimates:
            repriced = self._estimates[event.symbol_id]
            repriced.price = max(repriced.price + REPRICED_SHARE * event.ticks, 1.0)
            return self._quote(self.market.symbol(event.symbol_id), repriced)
        if not isinstance(event, Trade) or event.side is None:
            return ()
        estimate = self._estimates.get(event.symbol_id)
        if estimate is None:
            return ()
        symbol = self.market.symbol(event.symbol_id)
        self._learn(symbol, estimate, event)
        moved = abs(self._center(symbol, estimate) - estimate.quoted_center)
        due = self.market.now - estimate.quoted_at >= self.parameters.reaction_ms * 1e6
        return self._quote(symbol, estimate) if moved >= 1.0 and due else ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Requote, closing a little of the distance to where the book is."""
        estimate = self._estimates[symbol.symbol_id]
        if symbol.bid and symbol.ask:
            estimate.price += self.parameters.anchor * (symbol.mid - estimate.price)
        return self._quote(symbol, estimate)

    def _learn(self, symbol: SymbolView, estimate: _Estimate, trade: Trade) -> None:
        parameters = self.parameters
        sign = 1.0 if trade.side is Side.BUY else -1.0
        surprise = sign * max(1 - parameters.flow_rho * sign * estimate.expected_sign, parameters.least_surprise)
        estimate.expected_sign += parameters.flow_memory * (sign - estimate.expected_sign)
        size = (trade.qty / (TYPICAL_TRADE * symbol.size)) ** parameters.size_power
        estimate.price += parameters.flow_gain * symbol.base_volatility / 0.84 * surprise * min(size, 4.0)
        low, high = symbol.last * 0.9, symbol.last * 1.1
        estimate.price = min(max(estimate.price, low), high)

    def _center(self, symbol: SymbolView, estimate: _Estimate) -> float:
        return estimate.price - self._skew(symbol)

    def _skew(self, symbol: SymbolView) -> float:
        """Ticks by which the position moves both sides down."""
        parameters = self.parameters
        inventory = self.portfolio.position(symbol.symbol_id) / symbol.size
        skew = parameters.inventory_skew * inventory * symbol.base_volatility / 0.84
        bound = parameters.max_skew_sigmas * symbol.base_volatility
        return min(max(skew, -bound), bound)

    def _quote(self, symbol: SymbolView, estimate: _Estimate, *, careful: bool = False) -> list[AgentIntent]:
        """New quotes, if they differ from those that stand; ``careful`` ones keep clear of whatever is in the book."""
        parameters = self.parameters
        center = self._center(symbol, estimate)
        half = parameters.half_spread + parameters.sigma_gain * symbol.sigma
        step = max(1, round(parameters.level_step * symbol.base_volatility))
        best_bid = max(1, math.floor(center - half))
        best_ask = max(best_bid + 1, math.ceil(center + half))
        best_bid, best_ask = self._clear(symbol, estimate, best_bid, best_ask, careful=careful)
        intents: list[AgentIntent] = [self._reason(symbol, estimate, half)] if self.context.narrate else []
        estimate.quoted_center = center
        estimate.quoted_at = self.market.now
        estimate.careful = careful
        terms = (best_bid, best_ask, self.portfolio.position(symbol.symbol_id))
        if estimate.quotes is None or estimate.terms != terms:
            quotes = self._quotes(symbol, terms, step)
            if quotes != estimate.quotes:
                intents.append(quotes)
            estimate.quotes, estimate.terms = quotes, terms
        return intents

    def _quotes(self, symbol: SymbolView, terms: tuple[int, int, int], step: int) -> Quotes:
        """All levels, ``step`` ticks apart: what follows from best bid, best ask and position."""
        bid, ask, position = terms
        used = position / (self.parameters.max_inventory * symbol.size)
        bids = [(bid - step * n, qty) for n, qty in enumerate(self._sizes(symbol, used)) if bid > step * n]
        asks = [(ask + step * n, qty) for n, qty in enumerate(self._sizes(symbol, -used))]
        return Quotes(symbol.symbol_id, tuple(bids), tuple(asks))

    def _clear(self, symbol: SymbolView, estimate: _Estimate, bid: int, ask: int, *, careful: bool) -> tuple[int, int]:
        """Move a bid or ask that would trade with somebody else's order out of its way."""
        own = estimate.quotes
        own_bid = own.bids[0][0] if own and own.bids and not careful else 0
        own_ask = own.asks[0][0] if own and own.asks and not careful else 0
        if symbol.ask and symbol.ask != own_ask:
            bid = max(min(bid, symbol.ask - 1), 1)
        if symbol.bid and symbol.bid != own_bid:
            ask = max(ask, symbol.bid + 1)
        return bid, max(ask, bid + 1)

    def _sizes(self, symbol: SymbolView, used: float) -> list[int]:
        """Lots of each level of the side that uses up the inventory's limit, ``used`` of which is taken."""
        parameters = self.parameters
        share = min(max(1.0 - used, parameters.least_share), 1.0)
        best = parameters.size * symbol.size * share
        return [max(1, round(best * (1 + parameters.size_growth * level))) for level in range(parameters.levels)]

    def _reason(self, symbol: SymbolView, estimate: _Estimate, half: float) -> Explain:
        flow = "buyers" if estimate.expected_sign > 0 else "sellers"
        why = (
            f"half-spread {half:.1f} ticks at volatility {symbol.sigma:.2f}, position "
            f"{symbol.qty_text(self.portfolio.position(symbol.symbol_id))}, {flow} expected"
        )
        return self.explain(symbol, f"quote {symbol.ticker} around {symbol.price_text(estimate.price)}", why)

"""An agent that asks a language model, and falls back on what it learned, then on a rule, with the reason recorded.

It asks when something happened: a headline, a fill, a large move, or a long silence; never while an answer is due. The
question holds the state rounded, so that equal situations are asked once. Orders are made from a valid answer only, and
pass the same risk checks as everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec

from agents.fallback import REASON_MAX, Fallback
from agents.heuristics.fundamentalist import Fundamentalist, FundamentalistParameters
from agents.intents import AgentEvent, AgentIntent, Answer, Ask, Explain, Fill, News, Timer, Wake
from agents.llm.decision import SYSTEM, ModelDecision, parse
from agents.market import NS, SymbolView
from agents.ml.trader import MLTrader, MLTraderParameters
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of

HEADLINES: Final = 3
KEY: Final = "model"
CHECK: Final = "check"


class LLMTraderParameters(Parameters, frozen=True, kw_only=True):
    """A trader with a model."""

    character: str = "a careful trader who weighs news against price"
    ask_every_s: float = 30.0
    """Longest silence between two questions."""
    least_pause_s: float = 5.0
    move_sigmas: float = 6.0
    """A move of so many normal one-second moves since the last question is reason for another."""
    size: float = 5.0
    """Lots of a small order; a medium one is three times, a large one six times as large."""
    max_position: float = 120.0


class LLMTrader(PacedStrategy):
    """Asks, checks, trades; or does what the next stage would do."""

    wants: ClassVar[frozenset[type]] = frozenset({News})

    def __init__(self, context: Context, parameters: LLMTraderParameters) -> None:
        super().__init__(context, 1 / parameters.least_pause_s, attentive=False)
        self.parameters = parameters
        rule = Fundamentalist(context, FundamentalistParameters(rate=1 / parameters.ask_every_s))
        self._learner = MLTrader(context, MLTraderParameters(), rule)
        self._fallback = Fallback(self._learner)
        self._headlines: list[str] = []
        self._reason_to_ask = "the start"
        self._asked_at = -(10**18)
        self._waiting = False
        self._seen: dict[int, float] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Begin to watch."""
        return self._fallback.listed(symbol)

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Ask if there is a reason to; learn meanwhile, for the time when there is no answer."""
        self._learner.watch(symbol)
        return self._consider(symbol)

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Take headlines, fills and answers."""
        if isinstance(event, News):
            self._headlines = [*self._headlines, event.headline][-HEADLINES:]
            self._reason_to_ask = "a headline"
            return (Wake(self.market.now + NS // 10, CHECK),)
        if isinstance(event, Fill):
            self._reason_to_ask = self._reason_to_ask or "a fill"
        if isinstance(event, Timer) and event.key == CHECK:
            symbol = next((symbol for symbol in self.market if self.context.trades(symbol.symbol_id)), None)
            return self._consider(symbol) if symbol is not None else ()
        if isinstance(event, Answer) and event.key == KEY:
            self._waiting = False
            return self._answered(event)
        return ()

    # --- asking -------------------------------------------------------------------------------------------------

    def _consider(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        now, parameters = self.market.now, self.parameters
        silence = (now - self._asked_at) / NS
        if self._waiting or silence < parameters.least_pause_s:
            return ()
        moved = abs(symbol.mid - self._seen.get(symbol.symbol_id, symbol.mid)) / symbol.base_volatility
        if moved > parameters.move_sigmas:
            self._reason_to_ask = f"{symbol.ticker} moved"
        if not self._reason_to_ask and silence < parameters.ask_every_s:
            return ()
        self._asked_at, self._waiting = now, True
        state = self.state()
        self._reason_to_ask = ""
        self._headlines = []
        self._seen = {each.symbol_id: each.mid for each in self.market}
        prompt = f"You are {parameters.character}.\n{state}\nWhat do you do?"
        return (Ask(KEY, SYSTEM, prompt, f"{parameters.character}\n{state}"),)

    def state(self) -> str:
        """The situation in words, rounded so that small differences do not count."""
        lines = []
        for symbol in self._symbols():
            start = self._seen.get(symbol.symbol_id, float(symbol.initial_price))
            move = round((symbol.mid - start) / (2 * symbol.base_volatility)) * 2
            lean = "buyers" if symbol.flow > 0.3 else "sellers" if symbol.flow < -0.3 else "nobody"
            size = max(self.parameters.size * symbol.size, 1)
            held = round(self.portfolio.position(symbol.symbol_id) / size)
            position = "no position" if not held else f"{'long' if held > 0 else 'short'} {abs(held)} units"
            lines.append(f"{symbol.ticker}: moved {move:+d} sigmas, {lean} lead, {position}")
        lines.extend(f"News: {headline}" for headline in self._headlines)
        return "\n".join(lines)

    def _symbols(self) -> list[SymbolView]:
        return [symbol for symbol in self.market if self.context.trades(symbol.symbol_id)]

    # --- answering ----------------------------------------------------------------------------------------------

    def _answered(self, answer: Answer) -> Sequence[AgentIntent]:
        tickers = {symbol.ticker: symbol for symbol in self._symbols()}
        if answer.error or not tickers:
            return self._fall_back(answer, answer.error or "nothing to trade")
        try:
            decision = parse(answer.text, tuple(tickers))
        except ValueError as error:
            return self._fall_back(answer, str(error))
        symbol = self.market.symbol(tickers[decision.ticker].symbol_id)
        intents = self._orders(symbol, decision)
        intents.append(
            Explain(
                "llm",
                f"{decision.action.lower()} {decision.ticker}" if intents else f"hold {decision.ticker}",
                decision.reason or "no reason given",
                symbol.symbol_id,
                decision.confidence,
                answer.latency_ms,
                answer.cost,
            )
        )
        return intents

    def _orders(self, symbol: SymbolView, decision: ModelDecision) -> list[AgentIntent]:
        if decision.action == "HOLD":
            return []
        direction = 1 if decision.action == "BUY" else -1
        times = {"small": 1, "medium": 3, "large": 6}[decision.size]
        qty = max(1, round(self.parameters.size * times * symbol.size))
        position = self.portfolio.position(symbol.symbol_id)
        room = round(self.parameters.max_position * symbol.size) - direction * position
        qty = min(qty, room)
        return [self.take(symbol, side_of(direction), qty)] if qty > 0 else []

    def _fall_back(self, answer: Answer, error: str) -> Sequence[AgentIntent]:
        """What the stages behind the model decide, told once, with what the failed question took."""
        reason = f"llm: {error}"[:REASON_MAX]
        intents: list[AgentIntent] = []
        for symbol in self._symbols():
            if symbol.symbol_id not in self._awake:
                continue  # so new that nobody here has been told of it
            intents.extend(self._fallback.decide(self.market.symbol(symbol.symbol_id), reason))
        orders: list[AgentIntent] = [intent for intent in intents if not isinstance(intent, Explain)]
        told = next((intent for intent in intents if isinstance(intent, Explain)), None)
        if told is None:
            action = "orders by rule" if orders else "nothing by rule"
            told = Explain("heuristic", action, "another stage decided instead of the model", fell_back_from=reason)
        return [*orders, msgspec.structs.replace(told, latency_ms=answer.latency_ms, cost=answer.cost)]

"""An agent whose stages are a LangGraph graph: observe, analyze, decide; or a graph of the user's own.

A graph takes a ``GraphState`` and leaves ``action`` (BUY, SELL or HOLD), ``size`` and ``reason`` in it. It is invoked
while the agent decides, so it should not wait for a network: an agent that asks a model is ``agents.llm.trader``. The
built-in graph needs the extra ``[langgraph]``.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypedDict

from agents.intents import AgentEvent, AgentIntent, News
from agents.market import SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from net.sentiment import score

SIZES = {"small": 1, "medium": 3, "large": 6}
MOOD_WEIGHT = 0.5


class GraphState(TypedDict, total=False):
    """What goes through a graph."""

    ticker: str
    move: float
    """Of the price since the last decision, in normal one-second moves."""
    flow: float
    """-1 sellers take, 1 buyers take."""
    mood: float
    """Sentiment of the news heard since the last decision."""
    position: float
    """As a share of the limit."""
    view: float
    """What analysis makes of it, -1 to 1."""
    action: str
    size: str
    reason: str


class Graph(Protocol):
    """A compiled graph."""

    def invoke(self, state: GraphState) -> GraphState:
        """Run it."""


class LangGraphParameters(Parameters, frozen=True, kw_only=True):
    """An agent with a graph."""

    rate: float = 0.1
    graph: str = ""
    """``module:attribute`` of a compiled graph; the built-in one when empty."""
    size: float = 5.0
    max_position: float = 100.0


class LangGraphAgent(PacedStrategy):
    """Runs a graph at each look, and trades what it decides."""

    wants: ClassVar[frozenset[type]] = frozenset({News})
    stage = "langgraph"

    def __init__(self, context: Context, parameters: LangGraphParameters) -> None:
        """``ModuleNotFoundError`` without the extra, ``ValueError`` for a graph that cannot be found."""
        super().__init__(context, parameters.rate)
        self.parameters = parameters
        self.graph = load_graph(parameters.graph) if parameters.graph else built_in_graph()
        self._mood = 0.0
        self._seen: dict[int, float] = {}

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Take in a headline."""
        if isinstance(event, News):
            self._mood = MOOD_WEIGHT * self._mood + score(f"{event.headline}. {event.content}")
        return ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Run the graph, execute what it leaves."""
        limit = self.parameters.max_position * symbol.size
        position = self.portfolio.position(symbol.symbol_id)
        seen = self._seen.get(symbol.symbol_id, symbol.mid)
        self._seen[symbol.symbol_id] = symbol.mid
        state = self.graph.invoke(
            GraphState(
                ticker=symbol.ticker,
                move=(symbol.mid - seen) / symbol.base_volatility,
                flow=symbol.flow,
                mood=self._mood,
                position=position / limit,
            )
        )
        self._mood *= MOOD_WEIGHT
        action = state.get("action", "HOLD")
        if action not in ("BUY", "SELL"):
            return ()
        direction = 1 if action == "BUY" else -1
        qty = round(self.parameters.size * SIZES.get(state.get("size", "small"), 1) * symbol.size)
        qty = min(max(qty, 1), round(limit) - direction * position)
        if qty <= 0:
            return ()
        intents: list[AgentIntent] = [self.take(symbol, side_of(direction), qty)]
        if self.context.narrate:
            text = f"{action.lower()} {symbol.qty_text(qty)} {symbol.ticker}"
            intents.append(self.explain(symbol, text, state.get("reason", "") or "the graph gave no reason"))
        return intents


def load_graph(name: str) -> Graph:
    """A graph named as ``module:attribute``."""
    module, colon, attribute = name.partition(":")
    try:
        graph: Any = getattr(importlib.import_module(module), attribute) if colon else None
    except (ImportError, AttributeError) as error:
        raise ValueError(f"graph {name!r}: {error}") from error
    if not hasattr(graph, "invoke"):
        raise ValueError(f"graph {name!r} is no module:attribute of a compiled graph")
    found: Graph = graph
    return found


def built_in_graph() -> Graph:
    """Observe, analyze, decide."""
    from langgraph.graph import END, START, StateGraph

    builder: Any = StateGraph(GraphState)
    builder.add_node("observe", _observe)
    builder.add_node("analyze", _analyze)
    builder.add_node("decide", _decide)
    builder.add_edge(START, "observe")
    builder.add_edge("observe", "analyze")
    builder.add_edge("analyze", "decide")
    builder.add_edge("decide", END)
    graph: Graph = builder.compile()
    return graph


def _observe(state: GraphState) -> GraphState:
    return GraphState(move=max(-10.0, min(10.0, state.get("move", 0.0))))


def _analyze(state: GraphState) -> GraphState:
    """News first, then the trend and who leads; a position speaks for its end."""
    view = 0.8 * state.get("mood", 0.0) + 0.04 * state.get("move", 0.0) + 0.3 * state.get("flow", 0.0)
    return GraphState(view=max(-1.0, min(1.0, view - 0.4 * state.get("position", 0.0))))


def _decide(state: GraphState) -> GraphState:
    view = state.get("view", 0.0)
    if abs(view) < 0.3:
        return GraphState(action="HOLD", reason="nothing clear")
    reason = (
        f"news {state.get('mood', 0.0):+.2f}, move {state.get('move', 0.0):+.1f}, flow {state.get('flow', 0.0):+.2f}"
    )
    return GraphState(
        action="BUY" if view > 0 else "SELL", size="medium" if abs(view) > 0.6 else "small", reason=reason
    )

import sys
import types
from typing import Any

import pytest

from agents.intents import Explain, New, News
from agents.llm.graph import GraphState, load_graph
from engine.types import Side


def test_the_built_in_graph_trades_on_news_and_says_why(tiny: Any) -> None:
    pytest.importorskip("langgraph")
    agent = tiny.agent("langgraph", rate=1.0)
    agent.context.narrate = True
    assert agent.look(3) == []
    agent.hear(News("Acme plunges as fraud investigation widens, losses mount", symbol_id=1, news_id=1))
    order, explanation = agent.look()
    assert isinstance(order, New)
    assert order.side is Side.SELL
    assert isinstance(explanation, Explain)
    assert explanation.stage == "langgraph"
    assert explanation.why.startswith("news -")


class AlwaysBuys:
    """A graph of a user's own."""

    def invoke(self, state: GraphState) -> GraphState:
        return GraphState(action="BUY", size="large", reason=f"{state['ticker']} is lovely")


def test_a_graph_of_one_s_own_is_run_within_the_limits(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("my_graphs")
    module.lovely = AlwaysBuys()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_graphs", module)
    agent = tiny.agent("langgraph", rate=1.0, graph="my_graphs:lovely", max_position=40.0)
    (order,) = agent.look()
    assert (order.side, order.qty) == (Side.BUY, 30)
    agent.filled(Side.BUY, 30)
    assert agent.look()[0].qty == 10
    agent.filled(Side.BUY, 10)
    assert agent.look(3) == []


@pytest.mark.parametrize("name", ["nonsense", "no_such_module:x", "json:no_such_thing", "json:dumps"])
def test_a_graph_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="graph"):
        load_graph(name)

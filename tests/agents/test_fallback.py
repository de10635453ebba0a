from typing import Any

from agents.fallback import REASON_MAX, Fallback
from agents.intents import Answer, Explain, New
from agents.market import SymbolView
from agents.pacing import PacedStrategy
from engine.types import Side


class Buyer(PacedStrategy):
    """Buys, and says so."""

    def decide(self, symbol: SymbolView) -> list[Any]:
        return [New(symbol.symbol_id, Side.BUY, 1), self.explain(symbol, "buy", "always")]


def test_the_next_stage_tells_whom_it_replaces_and_why(tiny: Any) -> None:
    fallback = Fallback(Buyer(tiny.agent("noise").context, rate=1.0))
    order, told = fallback.decide(tiny.symbol, "llm: no answer within 10 s")
    assert isinstance(order, New)
    assert (told.stage, told.why, told.fell_back_from) == ("heuristic", "always", "llm: no answer within 10 s")


def test_a_failed_question_goes_to_the_learner_and_from_there_to_the_rule(tiny: Any) -> None:
    agent = tiny.agent("llm")
    agent.context.narrate = True
    tiny.researched = 10_100.0
    agent.look(20)
    order, told = agent.hear(Answer("model", error="no answer within 10 s", latency_ms=10_000.0))
    assert isinstance(order, New)
    assert isinstance(told, Explain)
    assert told.stage == "heuristic"
    assert told.fell_back_from is not None
    assert told.fell_back_from.startswith("llm: no answer within 10 s; ml: ")
    assert told.latency_ms == 10_000.0


def test_a_learner_that_has_seen_enough_stands_in_for_the_model(tiny: Any) -> None:
    agent = tiny.agent("ml", rate=1.0, warm_examples=0, edge=0.0, horizon_s=1e6)
    agent.context.narrate = True
    told = Fallback(agent.strategy).decide(tiny.symbol, "llm: over budget")[-1]
    assert isinstance(told, Explain)
    assert (told.stage, told.fell_back_from) == ("ml", "llm: over budget")


def test_a_long_reason_is_cut_to_what_the_wire_takes(tiny: Any) -> None:
    told = Fallback(Buyer(tiny.agent("noise").context, rate=1.0)).decide(tiny.symbol, "llm: " + "x" * 500)[-1]
    assert len(told.fell_back_from) == REASON_MAX

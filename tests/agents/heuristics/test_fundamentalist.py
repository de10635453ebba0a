from typing import Any

from agents.intents import Cancel, Explain, New
from engine.types import Side


def test_buys_below_the_value_and_sells_above_it(tiny: Any) -> None:
    agent = tiny.agent("neutral", bias=0.0, passive_share=0.0, rate=1.0)
    tiny.researched = 10_030.0
    bought = agent.look(10)
    tiny.researched = 9_970.0
    sold = agent.look(10)
    assert bought
    assert sold
    assert {order.side for order in bought} == {Side.BUY}
    assert {order.side for order in sold} == {Side.SELL}


def test_does_nothing_at_the_value_or_without_research(tiny: Any) -> None:
    agent = tiny.agent("neutral", bias=0.0, rate=1.0)
    tiny.researched = 10_000.0
    assert agent.look(20) == []
    tiny.researched = None
    assert agent.look(20) == []


def test_never_exceeds_its_position_limit(tiny: Any) -> None:
    agent = tiny.agent("neutral", bias=0.0, passive_share=0.0, rate=1.0, max_position=10.0)
    tiny.researched = 10_100.0
    agent.filled(Side.BUY, 10)
    assert agent.look(20) == []


def test_withdraws_its_waiting_order_before_it_places_another(tiny: Any) -> None:
    agent = tiny.agent("conservative", bias=0.0, passive_share=1.0, rate=1.0)
    tiny.researched = 10_100.0
    (first,) = agent.look()
    assert isinstance(first, New)
    agent.context.portfolio.working[first.ref] = 1
    cancel, second = agent.look()
    assert cancel == Cancel(1, first.ref)
    assert second.price == 9_999


def test_says_how_far_the_price_is_from_its_value(tiny: Any) -> None:
    agent = tiny.agent("neutral", bias=0.0, rate=1.0)
    agent.context.narrate = True
    tiny.researched = 10_050.0
    explanation = agent.look()[-1]
    assert isinstance(explanation, Explain)
    assert explanation.why == "price is 0.50 below my value 100.50"
    assert explanation.confidence == 1.0

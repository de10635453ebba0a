from typing import Any

import pytest

from agents.intents import Explain, Quotes, Trade
from engine.types import Side


def quotes(intents: list[Any]) -> Quotes:
    (quote,) = [intent for intent in intents if isinstance(intent, Quotes)]
    return quote


def test_quotes_both_sides_as_soon_as_it_sees_an_instrument(tiny: Any) -> None:
    first = quotes(tiny.agent("market_maker").first)
    assert len(first.bids) == len(first.asks) == 5
    assert first.bids[0][0] < 10_000 < first.asks[0][0]
    assert [price for price, _ in first.bids] == sorted((price for price, _ in first.bids), reverse=True)


def test_a_long_position_moves_both_sides_down(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0)
    before = agent.first
    agent.filled(Side.BUY, 200)
    after = quotes(agent.look())
    assert after.bids[0][0] < quotes(before).bids[0][0]
    assert after.asks[0][0] < quotes(before).asks[0][0]


def test_stops_quoting_the_side_that_would_add_to_a_position_at_its_limit(tiny: Any) -> None:
    agent = tiny.agent("market_maker", max_inventory=100.0)
    agent.filled(Side.BUY, 100)
    quote = quotes(agent.look())
    assert quote.bids == ()
    assert quote.asks


def test_quotes_wider_in_a_volatile_market(tiny: Any) -> None:
    agent = tiny.agent("market_maker")
    calm = quotes(agent.look())
    tiny.symbol.sigma = 5.0
    wild = quotes(agent.look())
    assert wild.asks[0][0] - wild.bids[0][0] > calm.asks[0][0] - calm.bids[0][0] + 5


def test_the_same_flow_moves_the_price_less_once_it_is_expected(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0, reaction_ms=0.0, flow_gain=10.0)
    moves = []
    last = quotes(agent.first).bids[0][0]
    for _ in range(20):
        tiny.pass_time(1)
        intents = agent.hear(Trade(1, 10_000, 8, Side.BUY))
        if intents:
            moves.append(quotes(intents).bids[0][0] - last)
            last = quotes(intents).bids[0][0]
    assert moves[0] > 0
    assert moves[-1] < moves[0]


def test_waits_for_its_reaction_time_before_it_answers_a_print(tiny: Any) -> None:
    agent = tiny.agent("market_maker", reaction_ms=500.0, flow_gain=10.0)
    assert agent.hear(Trade(1, 10_000, 8, Side.BUY)) == []
    tiny.pass_time(0.5)
    assert quotes(agent.hear(Trade(1, 10_000, 8, Side.BUY)))


@pytest.mark.parametrize("narrate", [True, False])
def test_explains_only_when_somebody_listens(tiny: Any, narrate: bool) -> None:
    agent = tiny.agent("market_maker")
    agent.context.narrate = narrate
    assert any(isinstance(intent, Explain) for intent in agent.look()) is narrate

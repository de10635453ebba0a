from typing import Any

import pytest

from agents.intents import Done, Explain, Quotes, Repriced, Trade
from engine.types import Side


def quotes(intents: list[Any]) -> Quotes:
    (quote,) = [intent for intent in intents if isinstance(intent, Quotes)]
    return quote


def test_quotes_both_sides_as_soon_as_it_sees_an_instrument(tiny: Any) -> None:
    first = quotes(tiny.agent("market_maker").first)
    assert len(first.bids) == len(first.asks) == 5
    assert first.bids[0][0] < 10_000 < first.asks[0][0]
    assert [price for price, _ in first.bids] == sorted((price for price, _ in first.bids), reverse=True)


def test_a_maker_that_comes_back_with_a_position_quotes_around_the_last_price(tiny: Any) -> None:
    tiny.quote(0, 0)
    tiny.symbol.last = 9_700
    agent = tiny.agent("market_maker")
    agent.context.portfolio.positions = {1: 400}
    again = quotes(list(agent.strategy.listed(tiny.symbol)))
    assert (again.bids[0][0] + again.asks[0][0]) / 2 == pytest.approx(9_700, abs=1)


def test_a_maker_told_of_a_posted_headline_quotes_most_of_its_move_at_once(tiny: Any) -> None:
    tiny.quote(0, 0)
    agent = tiny.agent("market_maker")
    moved = quotes(agent.hear(Repriced(1, -100.0)))
    assert (moved.bids[0][0] + moved.asks[0][0]) / 2 == pytest.approx(9_930, abs=1)


def test_a_long_position_moves_both_sides_down(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0)
    before = agent.first
    agent.filled(Side.BUY, 200)
    after = quotes(agent.look())
    assert after.bids[0][0] < quotes(before).bids[0][0]
    assert after.asks[0][0] < quotes(before).asks[0][0]


def test_quotes_little_on_the_side_that_would_add_to_a_position_at_its_limit(tiny: Any) -> None:
    agent = tiny.agent("market_maker", size=12.0, max_inventory=100.0, least_share=0.25)
    agent.filled(Side.BUY, 100)
    quote = quotes(agent.look())
    assert [qty for _, qty in quote.bids] == [3, 3, 4, 4, 5]
    assert [qty for _, qty in quote.asks] == [12, 14, 16, 17, 19]


def test_does_not_repeat_quotes_that_stand(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0)
    assert agent.look() == []
    agent.filled(Side.BUY, 1)
    assert quotes(agent.look())


def test_keeps_clear_of_other_people_s_orders(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0, inventory_skew=1.0)
    agent.filled(Side.SELL, 20)
    tiny.quote(9_990, 10_003)
    assert quotes(agent.look()).bids[0][0] == 10_002


def test_tries_once_more_further_away_when_its_quotes_would_have_traded(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0)
    tiny.quote(9_995, 9_998)
    again = quotes(agent.hear(Done(1, 0, "would_cross")))
    assert again.bids[0][0] == 9_997
    assert agent.hear(Done(1, 0, "would_cross")) == []


def test_never_moves_against_the_flow_however_expected_it_is(tiny: Any) -> None:
    agent = tiny.agent("market_maker", anchor=0.0, reaction_ms=0.0)
    estimates = []
    for _ in range(200):
        tiny.pass_time(1)
        agent.hear(Trade(1, 10_000, 8, Side.BUY))
        estimates.append(agent.strategy._estimates[1].price)
    assert estimates == sorted(estimates)


def test_quotes_wider_in_a_volatile_market(tiny: Any) -> None:
    agent = tiny.agent("market_maker")
    calm = quotes(agent.first)
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

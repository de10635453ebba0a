from typing import Any

import pytest

from agents.heuristics.assigned import Assignment
from agents.heuristics.gd import Belief, Shouts
from agents.intents import Trade
from engine.types import Side

MEMORY = 8


def belief(tiny: Any, shouts: Shouts, sign: int = 1) -> Belief:
    return Belief(shouts, sign, tiny.symbol, 20.0)


def test_a_bid_at_the_ask_is_sure_and_one_out_of_reach_is_hopeless(tiny: Any) -> None:
    believed = belief(tiny, Shouts(MEMORY))
    assert believed.at(10_001) == 1.0
    assert believed.at(9_980) == 0.0


def test_bids_that_were_refused_lower_the_belief_and_accepted_ones_raise_it(tiny: Any) -> None:
    tiny.quote(9_990, 10_010)
    refused, accepted = Shouts(MEMORY), Shouts(MEMORY)
    for _ in range(5):
        refused.quotes(9_995, 10_010, MEMORY)
    for _ in range(5):
        accepted.trade(9_995, Side.SELL)
    assert belief(tiny, refused).at(9_995) < belief(tiny, Shouts(MEMORY)).at(9_995) < belief(tiny, accepted).at(9_995)


def test_the_belief_never_falls_with_generosity(tiny: Any) -> None:
    shouts = Shouts(MEMORY)
    for step in range(40):
        shouts.quotes(9_985 + step % 7, 10_004 + step % 5, MEMORY)
        if step % 3 == 0:
            shouts.trade(9_990 + step % 11, Side.BUY if step % 2 else Side.SELL)
    for sign in (1, -1):
        values = [belief(tiny, shouts, sign).at(sign * 10_000 + offset / 4) for offset in range(-100, 100)]
        assert values == sorted(values)


def test_what_is_older_than_its_memory_is_forgotten() -> None:
    shouts = Shouts(MEMORY)
    shouts.quotes(9_995, 10_005, MEMORY)
    shouts.quotes(9_995, 10_005, MEMORY)
    for _ in range(MEMORY):
        shouts.trade(10_005, Side.BUY)
    shouts.quotes(9_995, 10_005, MEMORY)
    assert [price for _, price in shouts.rejected[1]] == [9_995]  # the one that was outstanding just now
    assert len(shouts.accepted[-1]) == MEMORY


def test_it_asks_for_the_price_with_the_best_expectation(tiny: Any) -> None:
    agent = tiny.agent("gd")
    tiny.quote(9_980, 10_010)
    assignment = Assignment(1, 10_012, 5, 0)
    for _ in range(8):
        agent.hear(Trade(1, 9_990, 5, Side.SELL))
    assert agent.strategy.quote(tiny.symbol, assignment) == pytest.approx(9_990, abs=1)


def test_without_any_hope_of_gain_it_stays_out(tiny: Any) -> None:
    agent = tiny.agent("gd")
    tiny.quote(9_999, 10_001)
    assert agent.strategy.quote(tiny.symbol, Assignment(1, 9_900, 5, 0)) is None

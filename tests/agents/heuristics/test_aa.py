from typing import Any

import pytest

from agents.heuristics.aa import AdaptiveParameters, Beliefs
from agents.heuristics.assigned import Assignment
from agents.intents import Trade
from engine.types import Side


@pytest.fixture
def agent(tiny: Any) -> Any:
    return tiny.agent("aa")


def target(agent: Any, assignment: Assignment, aggressiveness: float, equilibrium: float = 10_000.0) -> float:
    beliefs = agent.strategy.beliefs(agent.market.symbol)
    beliefs.aggressiveness, beliefs.equilibrium = aggressiveness, equilibrium
    return agent.strategy.target(agent.market.symbol, assignment)


def test_somebody_neutral_within_the_margin_aims_at_the_equilibrium(agent: Any) -> None:
    assert target(agent, Assignment(1, 10_010, 5, 0), 0.0) == 10_000
    assert target(agent, Assignment(-1, 9_990, 5, 0), 0.0) == 10_000


def test_the_most_aggressive_pays_its_limit_and_the_most_passive_stays_far_away(agent: Any) -> None:
    reach = 2 * 12 * 0.84
    assert target(agent, Assignment(1, 10_010, 5, 0), 1.0) == pytest.approx(10_010)
    assert target(agent, Assignment(1, 10_010, 5, 0), -1.0) == pytest.approx(10_000 - reach)
    assert target(agent, Assignment(-1, 9_990, 5, 0), -1.0) == pytest.approx(10_000 + reach)


def test_beyond_the_margin_nobody_aims_above_the_limit(agent: Any) -> None:
    for aggressiveness in (0.0, 0.5, 1.0):
        assert target(agent, Assignment(1, 9_990, 5, 0), aggressiveness) == pytest.approx(9_990)
    assert target(agent, Assignment(1, 9_990, 5, 0), -0.5) < 9_990


def test_a_missed_trade_makes_it_more_aggressive_and_a_cheap_one_less(agent: Any) -> None:
    agent.look()
    assignment = agent.strategy.assignments[1]
    beliefs = agent.strategy.beliefs(agent.market.symbol)
    sign = assignment.sign
    target(agent, assignment, 0.0, assignment.limit - sign * 20)
    agent.hear(Trade(1, assignment.limit - sign * 5, 5, Side.BUY))
    assert beliefs.aggressiveness > 0
    target(agent, assignment, 0.0, assignment.limit - sign * 20)
    agent.hear(Trade(1, assignment.limit - sign * 35, 5, Side.BUY))
    assert beliefs.aggressiveness < 0


def test_the_equilibrium_is_where_recent_prints_were(agent: Any) -> None:
    beliefs = Beliefs(0.0)
    for price in [9_900] * 30 + [10_100] * 30:
        beliefs.take(price, AdaptiveParameters())
    assert beliefs.equilibrium == pytest.approx(10_100)
    assert len(beliefs.prices) == 30


def test_an_opposite_quote_within_the_target_is_taken(tiny: Any, agent: Any) -> None:
    assignment = Assignment(1, 10_010, 5, 0)
    target(agent, assignment, 0.9)
    tiny.quote(9_990, 10_001)
    assert agent.strategy.quote(tiny.symbol, assignment) == 10_001


def test_a_bid_goes_a_third_of_the_way_from_the_best_to_the_target(tiny: Any, agent: Any) -> None:
    assignment = Assignment(1, 10_010, 5, 0)
    target(agent, assignment, 0.0)
    tiny.quote(9_970, 10_020)
    assert agent.strategy.quote(tiny.symbol, assignment) == 9_980


def test_a_limit_below_the_best_bid_keeps_it_out(tiny: Any, agent: Any) -> None:
    assignment = Assignment(1, 9_980, 5, 0)
    target(agent, assignment, 1.0)
    tiny.quote(9_985, 9_990)
    assert agent.strategy._inside(assignment, agent.strategy.quote(tiny.symbol, assignment)) <= 9_980

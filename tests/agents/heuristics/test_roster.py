"""What holds for every strategy and personality."""

import importlib.util
from typing import Any

import pytest

from agents.intents import Delisted, News, Trade
from agents.personalities import find, parameters_of, personalities, resolve
from agents.roster import STRATEGIES
from engine.types import Side

ORIGINAL = (
    "conservative aggressive neutral news_trader market_maker momentum short_seller whale predator".split()  # noqa: SIM905
)


def installed(names: list[str]) -> list[str]:
    """Those whose extra is installed."""
    return [name for name in names if name != "langgraph" or importlib.util.find_spec("langgraph")]


@pytest.mark.parametrize("name", installed(sorted(personalities())))
def test_every_personality_trades_without_a_fault_and_stops_with_its_instrument(tiny: Any, name: str) -> None:
    agent = tiny.agent(name)
    agent.context.narrate = True
    tiny.researched = 10_040.0
    tiny.symbol.flow = 0.8
    for step in range(400):
        tiny.quote(9_980 + step % 60, 9_983 + step % 60)
        tiny.symbol.volume += 5
        agent.hear(Trade(1, 10_000, 5, Side.BUY if step % 3 else Side.SELL))
        agent.hear(News("Acme beats profit forecast", symbol_id=1, news_id=step))
        for intent in agent.look():
            assert (getattr(intent, "qty", 1) or 1) > 0
            assert (getattr(intent, "price", 1) or 1) > 0
    agent.hear(Delisted(1))
    tiny.view.remove(1)
    assert agent.look(3) == []


@pytest.mark.parametrize("name", installed(sorted(STRATEGIES)))
def test_every_strategy_is_the_same_twice(tiny: Any, name: str) -> None:
    def orders(market: Any) -> list[Any]:
        market.researched = 10_020.0
        agent = market.agent(name)
        return [agent.first, *agent.look(100)]

    assert orders(tiny) == orders(type(tiny)())


@pytest.mark.parametrize("name", ORIGINAL)
def test_the_original_personalities_are_known(name: str) -> None:
    assert find(name).name == name


def test_what_people_type_is_understood() -> None:
    assert resolve("Market-Maker").name == "market_maker"
    assert resolve(" SHORT SELLER ").name == "short_seller"
    assert resolve("philosopher").name == "neutral"


def test_a_wrong_name_or_parameter_says_what_was_meant() -> None:
    with pytest.raises(ValueError, match=r"unknown personality 'mometum', did you mean 'momentum'\?"):
        find("mometum")
    with pytest.raises(ValueError, match=r"unknown parameter 'entri' of momentum, did you mean 'entry'\?"):
        parameters_of(find("momentum"), {"entri": 1.0})
    with pytest.raises(ValueError, match="parameter 'entry' of momentum: Expected `float`, got `str`"):
        parameters_of(find("momentum"), {"entry": "high"})

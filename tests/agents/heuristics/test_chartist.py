from typing import Any

from engine.types import Side


def rise(tiny: Any, agent: Any, ticks: int) -> list[Any]:
    intents: list[Any] = []
    for step in range(abs(ticks)):
        price = 10_000 + (step if ticks > 0 else -step)
        tiny.quote(price - 1, price + 1)
        intents.extend(agent.look())
    return intents


def test_a_momentum_trader_buys_a_rise_and_sells_a_fall(tiny: Any) -> None:
    assert rise(tiny, tiny.agent("momentum", rate=1.0), 60)[0].side is Side.BUY
    assert rise(tiny, tiny.agent("momentum", rate=1.0), -60)[0].side is Side.SELL


def test_a_contrarian_sells_the_same_rise(tiny: Any) -> None:
    assert rise(tiny, tiny.agent("contrarian", rate=1.0, entry=0.9), 60)[0].side is Side.SELL


def test_closes_its_position_when_the_trend_fades(tiny: Any) -> None:
    agent = tiny.agent("momentum", rate=1.0)
    opened = rise(tiny, agent, 60)[0]
    agent.filled(Side.BUY, opened.qty)
    closed = agent.look(200)
    assert closed[0].side is Side.SELL
    assert closed[0].qty == opened.qty


def test_a_short_only_chartist_does_not_buy(tiny: Any) -> None:
    assert rise(tiny, tiny.agent("momentum", rate=1.0, short_only=True), 60) == []

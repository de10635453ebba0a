from typing import Any

from agents.intents import News, Timer
from agents.market import NS
from engine.types import Side

GOOD = News("Acme beats profit forecast on strong demand", symbol_id=1, news_id=1)
BAD = News("Acme plunges as fraud investigation widens", symbol_id=1, news_id=2)
DULL = News("Acme publishes its annual calendar", symbol_id=1, news_id=3)


def read(tiny: Any, agent: Any, news: News) -> list[Any]:
    assert agent.hear(news) == []
    (timer,) = agent.timers
    assert timer.at > tiny.view.now
    tiny.view.now = timer.at
    return list(agent.hear(Timer(timer.key)))


def test_buys_good_news_and_sells_bad_news_after_reading_them(tiny: Any) -> None:
    agent = tiny.agent("news_trader", misread=0.0, noise=0.0)
    assert read(tiny, agent, GOOD)[0].side is Side.BUY
    assert read(tiny, agent, BAD)[0].side is Side.SELL
    assert read(tiny, agent, DULL) == []


def test_a_reader_that_misreads_does_the_opposite(tiny: Any) -> None:
    assert read(tiny, tiny.agent("news_trader", misread=1.0, noise=0.0), GOOD)[0].side is Side.SELL


def test_a_short_seller_only_sells(tiny: Any) -> None:
    agent = tiny.agent("short_seller", misread=0.0, noise=0.0)
    assert read(tiny, agent, GOOD) == []
    assert read(tiny, agent, BAD)[0].side is Side.SELL


def test_leaves_when_the_news_are_old(tiny: Any) -> None:
    agent = tiny.agent("news_trader", misread=0.0, noise=0.0, rate=1.0, half_life_s=60.0)
    order = read(tiny, agent, GOOD)[0]
    agent.filled(Side.BUY, order.qty)
    assert agent.look(4) == []
    tiny.view.now += 600 * NS
    (closing,) = agent.look()
    assert (closing.side, closing.qty) == (Side.SELL, order.qty)


def test_news_about_the_whole_market_are_traded_in_every_instrument(tiny: Any) -> None:
    order = read(
        tiny, tiny.agent("news_trader", misread=0.0, noise=0.0), News("Economy beats forecasts with record growth")
    )
    assert order[0].symbol_id == 1

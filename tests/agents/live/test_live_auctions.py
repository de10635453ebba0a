"""When a live market holds its scenario's auctions, and that it does."""

from __future__ import annotations

from pathlib import Path

from live_world import SCENARIO, eventually, live_world

from agents.live.auctions import DAY_S, Auctions
from agents.scenario import MarketSection

MARKET = MarketSection(opening_auction_s=60, closing_auction_s=300)
NOON = 20_000 * DAY_S + DAY_S / 2
MIDNIGHT = 20_001 * DAY_S


def test_a_new_market_opens_with_an_auction_and_one_that_traded_does_not() -> None:
    new, known = Auctions(MARKET, NOON), Auctions(MARKET, None)
    assert [new.due(NOON), new.due(NOON + 1), new.due(NOON + 100)] == [60, 0, 0]
    assert [known.due(NOON), known.due(NOON + 1)] == [0, 0]


def test_a_day_closes_just_before_midnight_and_the_next_one_opens() -> None:
    auctions = Auctions(MARKET, None)
    assert auctions.due(MIDNIGHT - 302) == 0
    assert auctions.due(MIDNIGHT - 300.5) == 299
    assert [auctions.due(MIDNIGHT - second) for second in (200, 1, 0.5)] == [0, 0, 0]
    assert [auctions.due(MIDNIGHT + 0.5), auctions.due(MIDNIGHT + 1.5)] == [59, 0]
    assert auctions.due(MIDNIGHT + DAY_S - 300.5) == 299


def test_who_comes_in_the_middle_of_an_auction_lets_it_end_when_it_should() -> None:
    assert Auctions(MARKET, None).due(MIDNIGHT - 11) == 10


def test_without_the_options_there_is_none() -> None:
    auctions = Auctions(MarketSection(), NOON)
    assert {auctions.due(NOON + second) for second in range(0, DAY_S, 7)} == {0}


async def test_a_live_market_opens_with_an_auction_in_which_agents_trade(tmp_path: Path) -> None:
    text = SCENARIO.replace("[market]\n", "[market]\nopening_auction_s = 2\n")
    async with live_world(tmp_path, text) as world, world.session() as session:
        assert {instrument.status.value for instrument in world.oms.instruments()} == {"auction"}
        await eventually(lambda: len(world.oms.trades(1, 1_000)) > 10)
        first = world.oms.trades(1, 1_000)[-1]
        assert first.side is None
        await eventually(lambda: not any(symbol.collecting for symbol in session.world.market))

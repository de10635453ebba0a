"""The feed of a replay: plays at the pace of the recording, winds, and tells a console what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.events import NewsPublished
from engine.oms import OrderManagementSystem
from engine.playhead import Playhead, Recording
from engine.recovery import verify
from net import messages as m
from net.client import ConnectionChanged, Push
from net.errors import NotConnected
from tests.tui.replay.recorded import FIRST_TRADE, LAST, record, state_after
from tui.replay import feed as feed_module
from tui.replay.feed import ReplayFeed
from tui.replay.teller import Teller
from tui.view import View


class Watched:
    """A feed whose messages are folded into a view, with a clock that a test moves."""

    def __init__(self, recording: Recording, speed: float) -> None:
        self.now = 0.0
        self.told: list[str] = []
        self.heard: list[Push] = []
        self._news = asyncio.Event()
        self.view = View()
        head = Playhead(recording, OrderManagementSystem)
        self.feed = ReplayFeed(head, speed=speed, tell=self.told.append, clock=lambda: self.now)

    async def read(self) -> None:
        async for push in self.feed.messages():
            self.heard.append(push)
            self._news.set()
            if isinstance(push, ConnectionChanged):
                self.view.start_over()
            else:
                self.view.fold(push, 0.0)

    async def pass_s(self, seconds: float) -> None:
        """Let time pass until the feed noticed it."""
        self.now += seconds
        await self.settle()

    async def settle(self) -> None:
        """Wait for the frame after the next, and for the end of all winding."""
        frames = sum(isinstance(push, m.OrderBooks) for push in self.heard)
        while sum(isinstance(push, m.OrderBooks) for push in self.heard) < frames + 2 or self.feed.status().winding:
            self._news.clear()
            await self._news.wait()

    @property
    def number(self) -> int:
        return self.feed.playhead.number


@pytest.fixture(autouse=True)
def short_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "FRAME_S", 0.002)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("feed"))


@asynccontextmanager
async def watched(data_dir: Path, speed: float = 1.0) -> AsyncIterator[Watched]:
    recording = Recording(data_dir)
    w = Watched(recording, speed)
    reading = asyncio.create_task(w.read(), name="read the replay")
    await w.settle()
    try:
        yield w
    finally:
        await w.feed.close()
        await reading
        recording.close()


async def test_it_plays_at_the_pace_of_the_recording(data_dir: Path) -> None:
    async with watched(data_dir) as w:
        assert w.number == 7
        await w.pass_s(1.0)
        assert w.number == 7
        for _ in range(5):
            await w.pass_s(1.0)
        assert w.number == 8
        w.feed.set_speed(3.0)
        await w.pass_s(1.0)
        assert w.number == 10


async def test_played_to_the_end_it_has_the_state_that_the_journal_leads_to(data_dir: Path) -> None:
    async with watched(data_dir, speed=1_000.0) as w:
        await w.pass_s(1.0)
        assert (w.number, w.feed.status().share, w.feed.status().playing) == (LAST, 1.0, False)
        assert w.told == ["the end of the recording"]
        assert w.feed.playhead.service.state_hash() == verify(data_dir, OrderManagementSystem).state_hash
        acme = w.view.find("ACME")
        tape = w.view.tape_of(1)
        assert acme is not None
        assert tape is not None
        assert acme.last == 10_000 + 1 + 99 % 5
        assert len(list(w.view.news)) == 2


@pytest.mark.parametrize("journey", [(LAST, 50, 51, 7, 200), (300, 299, 298, 0, 1)])
async def test_a_sought_moment_is_that_of_the_recording_and_the_view_shows_it(
    journey: tuple[int, ...], data_dir: Path
) -> None:
    async with watched(data_dir) as w:
        w.feed.toggle()
        for number in journey:
            w.feed.seek(number)
            await w.settle()
            assert w.number == number
            assert w.feed.playhead.service.state_hash() == state_after(number)
            fresh = View()
            for push in Teller(w.feed.playhead.service, None).opening(w.feed.playhead.time):
                fresh.fold(push, 0.0)
            assert [(market.ticker, market.depth.bids, market.depth.asks) for market in w.view.ordered()] == [
                (market.ticker, market.depth.bids, market.depth.asks) for market in fresh.ordered()
            ]
            assert [item.shape.id for item in w.view.news] == [item.shape.id for item in fresh.news]
            shown = [(order.order_id, order.leaves) for order in w.view.orders.open_orders()]
            assert shown == [(order.order_id, order.leaves) for order in fresh.orders.open_orders()]


async def test_steps_and_searches_stop_where_it_happened(data_dir: Path) -> None:
    async with watched(data_dir) as w:
        w.feed.find_trade(1, forwards=True)
        await w.settle()
        assert (w.number, w.feed.status().playing) == (FIRST_TRADE, False)
        w.feed.step(1)
        await w.settle()
        assert w.number == FIRST_TRADE + 1
        w.feed.find_news(forwards=True)
        await w.settle()
        moment = w.feed.status().moment
        assert moment is not None
        assert isinstance(moment.events[0], NewsPublished)
        first = w.number
        w.feed.find_news(forwards=True)
        await w.settle()
        w.feed.find_news(forwards=False)
        await w.settle()
        assert w.number == first
        w.feed.step(-1)
        await w.settle()
        assert w.number == first - 1


async def test_what_is_not_there_is_told(data_dir: Path) -> None:
    async with watched(data_dir) as w:
        w.feed.find_trade(2, forwards=True)
        await w.settle()
        assert (w.told, w.number) == (["no further trade: the end of the recording"], LAST)
        w.feed.find_trade(2, forwards=False)
        await w.settle()
        assert w.told[1:] == ["no earlier trade: the beginning"]
        assert w.number == 0


async def test_nearby_the_market_goes_on_and_far_away_it_starts_over(data_dir: Path) -> None:
    async with watched(data_dir) as w:
        w.feed.step(3)
        await w.settle()
        assert sum(isinstance(push, ConnectionChanged) for push in w.heard) == 1
        w.feed.step(-1)
        await w.settle()
        assert sum(isinstance(push, ConnectionChanged) for push in w.heard) == 2


async def test_it_looks_over_the_shoulder_of_the_first_person_at_a_console(data_dir: Path) -> None:
    async with watched(data_dir) as w:
        assert [(order.order_id, order.leaves) for order in w.view.orders.open_orders()] == [(2, 2), (1, 3)]
        w.feed.seek(LAST)
        await w.settle()
        assert [(order.order_id, order.leaves) for order in w.view.orders.open_orders()] == [(2, 1), (1, 3)]
        assert w.view.portfolio.qty(1) == 1
        assert [fill.qty for fill in w.view.orders.fills] == [1]


async def test_a_silence_of_everybody_is_passed_over(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "QUIET_NS", 3_000_000_000)
    async with watched(data_dir) as w:
        assert w.number == 7
        await w.pass_s(0.01)
        assert w.number == 8


async def test_nobody_trades_on_it(data_dir: Path) -> None:
    async with watched(data_dir) as w:
        with pytest.raises(NotConnected, match="not traded on"):
            await w.feed.add_order(1)
        assert w.feed.playhead.service.state_hash() == state_after(7)

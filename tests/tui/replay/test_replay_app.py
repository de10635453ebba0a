"""The console on a recorded session: every key of a replay, and none that trades."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.oms import OrderManagementSystem
from engine.playhead import Playhead, Recording
from tests.tui.replay.recorded import LAST, record, state_after
from tui import keys
from tui.replay import feed as feed_module
from tui.replay.app import REFUSAL, ReplayApp
from tui.replay.feed import ReplayFeed


@dataclass
class Replay:
    """A paused replay on the screen, and the hand on its keys."""

    app: ReplayApp
    pilot: Pilot[None]

    async def press(self, *pressed: str) -> None:
        for key in pressed:
            await self.pilot.press(key)
            await self.settle()

    async def settle(self) -> None:
        """Until nothing is wound or fetched any more, and the screen shows it."""
        shown = -1
        while self.app.is_running and (self.app.feed.status().winding or self.app.link.busy or shown != self.number):
            shown = self.number
            await self.pilot.pause(feed_module.FRAME_S)
        if self.app.is_running:
            self.app.draw_now()
            await self.pilot.pause()

    @property
    def number(self) -> int:
        return self.app.feed.playhead.number

    def lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]


@pytest.fixture(autouse=True)
def short_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "FRAME_S", 0.005)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("app"))


@asynccontextmanager
async def shown(
    data_dir: Path, size: tuple[int, int] = (120, 40), notes: tuple[str, ...] = ()
) -> AsyncIterator[Replay]:
    recording = Recording(data_dir)
    app = ReplayApp(ReplayFeed(Playhead(recording, OrderManagementSystem)), notes=notes, timer=False)
    async with app.run_test(size=size, notifications=True) as pilot:
        replay = Replay(app, pilot)
        app.feed.toggle()
        app.feed.seek(100)
        await replay.settle()
        yield replay
    recording.close()


@dataclass(frozen=True)
class Case:
    """Keys to press at command 100, and what must hold then."""

    press: tuple[str, ...]
    then: Callable[[Replay], bool]


CASES: dict[str, Case] = {
    "view.freeze": Case(("space",), lambda r: r.app.feed.status().playing),
    "replay.step": Case(("right",), lambda r: r.number == 101),
    "replay.back": Case(("left", "left"), lambda r: r.number == 98),
    "replay.trade": Case(("r",), lambda r: r.number == 101),
    "replay.trade_back": Case(("R",), lambda r: r.number == 98),
    "replay.news": Case(("l",), lambda r: r.number == 191),
    "replay.news_back": Case(("L",), lambda r: r.number == 69),
    "replay.faster": Case(("f", "f"), lambda r: r.app.feed.status().speed == 5.0),
    "replay.slower": Case(("d",), lambda r: r.app.feed.status().speed == 0.5),
    "replay.seek": Case(("J", "5", "0", "%", "enter"), lambda r: r.number == LAST // 2),
    "replay.live": Case(("W", "y"), lambda r: r.app.live and not r.app.is_running),
}


def test_no_key_of_a_replay_is_without_a_case() -> None:
    assert set(CASES) == {key.id for key in keys.REPLAY}


@pytest.mark.parametrize("name", CASES)
async def test_the_key_does_what_the_map_says(name: str, data_dir: Path) -> None:
    case = CASES[name]
    async with shown(data_dir) as r:
        await r.press(*case.press)
        assert case.then(r), r.lines()[-2:]


async def test_the_keys_work_in_every_pane_and_screen(data_dir: Path) -> None:
    async with shown(data_dir) as r:
        for at, (digit, mode) in enumerate((("1", "trade"), ("4", "blotter"), ("7", "admin")), 101):
            await r.press("g", digit, "tab", "right")
            assert (r.app.context.mode, r.number) == (mode, at)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)])
async def test_the_screen_says_where_the_recording_is_and_by_which_keys(size: tuple[int, int], data_dir: Path) -> None:
    async with shown(data_dir, size) as r:
        assert "REPLAY" in r.lines()[0]
        status, hints = r.lines()[-2:]
        assert "paused" in status
        assert "32%" in status
        assert "14:16:28.000" in status
        assert "taker buys 1 ACME @ 99.80" in status
        assert "Space pause" in hints
        assert "W what if" in hints
        assert "order" not in hints
        await r.press("question_mark")
        assert "what if: go on live from here" in "\n".join(r.lines())
        assert "buy at the cursor" not in "\n".join(r.lines())


@pytest.mark.parametrize("key", ["b", "B", "a"])
async def test_a_trading_key_says_what_to_do_instead(key: str, data_dir: Path) -> None:
    async with shown(data_dir) as r:
        told: list[str] = []
        r.app.desk.tell = lambda _kind, text: told.append(text)
        await r.press("left_square_bracket", key)
        assert told[-1].endswith(REFUSAL)
        assert r.app.feed.playhead.service.state_hash() == state_after(100)


async def test_the_instrument_stays_when_the_recording_is_wound(data_dir: Path) -> None:
    async with shown(data_dir) as r:
        await r.press("right_curly_bracket")
        assert r.app.view.ticker_of(r.app.view.current) == "BETA"
        await r.press("left")
        assert r.app.view.ticker_of(r.app.view.current) == "BETA"


async def test_a_wrong_place_is_told_and_nothing_moves(data_dir: Path) -> None:
    async with shown(data_dir) as r:
        await r.press("J", "n", "o", "o", "n", "enter")
        assert r.number == 100
        assert any("no place in a recording" in note.message for note in r.app._notifications)


async def test_the_command_bar_controls_it_like_any_recording(data_dir: Path) -> None:
    async with shown(data_dir) as r:
        r.app.runner.run("sim step; sim speed 20")
        await r.settle()
        assert (r.number, r.app.feed.status().speed) == (101, 20.0)
        r.app.runner.run("sim reset 1")
        await r.settle()
        assert r.number == 0


async def test_what_is_wrong_with_a_recording_is_told_at_the_start(data_dir: Path) -> None:
    async with shown(data_dir, notes=("damaged from command #7 on",)) as r:
        assert [note.message for note in r.app._notifications] == ["damaged from command #7 on"]

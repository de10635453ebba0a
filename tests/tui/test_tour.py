"""The tour of the first run: it says what to try, goes on when that is done, and is in nobody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.conftest import OpenConsole
from tui import keys
from tui.config import ConsoleConfig
from tui.tour import STOPS, first_time


async def test_it_is_done_by_doing_what_it_says(console: OpenConsole) -> None:
    async with console(config=ConsoleConfig(tour=True)) as c:
        assert "TOUR 1/9   ↑ ↓ [  move the cursor" in c.lines()[-2]
        await c.press("up", "left_square_bracket")
        assert "TOUR 2/9   b Enter  order at the cursor" in c.lines()[-2]
        await c.press("down", "down", "b")
        assert "Enter sends" in c.lines()[-2]
        await c.press("enter")
        assert [verb for verb, _ in c.world.requests if verb == "add"] == ["add"]
        assert "TOUR 3/9   x  cancels it" in c.lines()[-2]


async def test_it_ends_by_itself_after_its_last_stop(console: OpenConsole) -> None:
    async with console(config=ConsoleConfig(tour=True)) as c:
        await c.press(*["right"] * len(STOPS))
        assert "TOUR" not in c.text()
        assert "size 10" in c.lines()[-2]


async def test_escape_ends_it_and_a_command_begins_it_again(console: OpenConsole) -> None:
    async with console(config=ConsoleConfig(tour=True)) as c:
        await c.press("escape")
        assert "TOUR" not in c.text()
        c.app.runner.run("tour")
        await c.settle()
        assert "TOUR 1/9" in c.lines()[-2]


async def test_a_remapped_key_is_the_one_it_names(console: OpenConsole) -> None:
    async with console(config=ConsoleConfig(tour=True, keymap={"ladder.best_bid": "y"})) as c:
        assert "↑ ↓ y  move the cursor" in c.lines()[-2]
        await c.press("y")
        assert "TOUR 2/9" in c.lines()[-2]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_stop_fits_on_its_line(size: tuple[int, int], console: OpenConsole) -> None:
    async with console(size=size, config=ConsoleConfig(tour=True)) as c:
        for stop in STOPS:
            assert stop.does in c.lines()[-2]
            assert "Esc ends" in c.lines()[-2]
            await c.press("right")


async def test_nobody_has_it_who_did_not_ask(console: OpenConsole) -> None:
    async with console() as c:
        assert "TOUR" not in c.text()


def test_it_comes_once_in_a_data_directory(tmp_path: Path) -> None:
    assert [first_time(tmp_path), first_time(tmp_path)] == [True, False]


def test_it_names_only_keys_that_there_are() -> None:
    assert {id_ for stop in STOPS for id_ in stop.keys} <= {key.id for key in keys.LADDER + keys.APP}

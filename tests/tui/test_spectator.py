"""A console that only watches says so everywhere, and what lies below a dialog goes on."""

from __future__ import annotations

import pytest

from tests.tui.conftest import OpenConsole
from tui.config import ConsoleConfig


async def test_a_spectator_is_told_so_and_sees_no_trading_keys(console: OpenConsole) -> None:
    async with console(config=ConsoleConfig(spectator=True)) as c:
        assert "SPECTATOR" in c.lines()[0]
        assert "SAFE" not in c.lines()[0]
        assert "order" not in c.lines()[-1]
        assert "spectators have no orders" in c.text()
        assert "b buys" not in c.text()


@pytest.mark.parametrize("key", ["b", "a"])
async def test_a_spectators_trading_key_says_why_it_does_nothing(console: OpenConsole, key: str) -> None:
    async with console(config=ConsoleConfig(spectator=True)) as c:
        told: list[str] = []
        c.app.desk.tell = lambda _kind, text: told.append(text)
        await c.press(key)
        assert told[-1].endswith("spectators do not trade")
        assert "add" not in [verb for verb, _ in c.world.requests]


async def test_prices_go_on_below_a_dialog(console: OpenConsole) -> None:
    async with console() as c:
        below = c.app.screen
        await c.press("question_mark")
        assert c.app.screen is not below
        tape = below.query_one("#tape")
        before = [strip.text for strip in tape.render_lines(tape.size.region)]
        await c.step(30)
        assert [strip.text for strip in tape.render_lines(tape.size.region)] != before
        await c.press("escape")
        assert c.app.screen is below

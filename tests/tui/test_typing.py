"""Keys that arrive in one burst, as over SSH or from a paste into a slow terminal."""

from __future__ import annotations

import pytest
from textual import events
from textual.keys import _character_to_key

from tests.tui.conftest import Console, OpenConsole


async def burst(c: Console, text: str) -> None:
    """All keys at once, before the console handled the first."""
    c.world.time.pass_ms(200)
    for char in text:
        key = "enter" if char == "\n" else _character_to_key(char)
        c.app.post_message(events.Key(key, None if char == "\n" else char))
    await c.settle()


def trades(c: Console) -> list[str]:
    return [verb for verb, _ in c.world.requests if verb != "subscribe"]


async def test_a_command_typed_in_one_burst_reaches_the_bar_and_no_key_of_it_trades(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("a", "left_square_bracket")
        assert c.app.desk.armed
        await burst(c, ":tf 1m; sym BETA\n")
        assert trades(c) == []
        assert (c.app.context.timeframe, c.app.view.ticker_of(c.app.view.current)) == ("1m", "BETA")


async def test_a_size_typed_in_one_burst_is_the_size(console: OpenConsole) -> None:
    async with console() as c:
        await burst(c, "n42\n")
        assert c.app.desk.settings.size == 42


async def test_a_filter_typed_in_one_burst_filters(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("g", "2")
        await burst(c, "/bet\n")
        assert c.app.context.filters["markets"] == "bet"


@pytest.mark.parametrize("keys", ["[b\n", "g1[b\n"])
async def test_an_order_by_fast_keys_is_the_same_as_by_slow_ones(keys: str, console: OpenConsole) -> None:
    async with console() as c:
        await burst(c, keys)
        best = max(c.world.markets[1].bids)
        assert c.world.requests[-1] == ("add", (1, "buy", 10.0, round(best * 0.05, 2), "GTC", False))


async def test_screen_and_jump_keys_in_one_burst_lead_where_slow_ones_do(console: OpenConsole) -> None:
    async with console() as c:
        await burst(c, "g3g4g1't")
        assert c.app.context.mode == "trade"
        assert getattr(c.app.focused, "NAME", "") == "tape"

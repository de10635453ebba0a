"""The app around the panes: modes, prefixes, zoom, freeze, quitting."""

from __future__ import annotations

from tests.tui.conftest import OpenConsole
from tui import keys


async def test_g_and_a_digit_go_to_each_screen(console: OpenConsole) -> None:
    async with console() as c:
        for digit, (mode, title) in enumerate(keys.MODES, 1):
            await c.press("g", str(digit))
            assert c.app.context.mode == mode
            assert f"g{digit} {title}" in c.lines()[-1]
        assert c.app.desk.settings.size == 10.0


async def test_keys_typed_in_one_burst_keep_their_order(console: OpenConsole) -> None:
    async with console() as c:
        for key in ("left_square_bracket", "down", "b", "enter"):
            c.app.simulate_key(key)
        await c.settle()
        assert [verb for verb, _ in c.world.requests if verb == "add"] == ["add"]

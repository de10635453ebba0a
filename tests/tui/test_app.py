"""The app around the panes: modes, prefixes, zoom, freeze, quitting."""

from __future__ import annotations

from net import messages as m
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


async def test_nothing_that_strangers_write_reaches_the_terminal_as_an_escape_sequence(console: OpenConsole) -> None:
    """A name, a headline and a reason; on the lists, in toasts and in the palette."""
    bad = "x\x1b]52;c;b3duZWQ=\x07y\x9b2J"
    async with console(size=(200, 60)) as c:
        agent = c.world._agent("a-66", bad, bad, 1e6, 1e6)
        c.world.push(m.AgentsSnapshot(data=[agent], timestamp=c.world.time.ms))
        shape = m.NewsShape(id=66, headline=bad, content=bad, source=bad, sentiment=0, created_at=c.world.time.ms)
        c.world.push(m.News(data=shape))
        c.world.push(m.Decision(data=m.DecisionShape(agent_id="a-66", stage=bad, action=bad, why=bad, timestamp=1)))
        c.app.notices.tell("error", bad)
        for digit in range(1, 8):
            await c.press("g", str(digit))
            c.app.notices.tell("warning", bad)
            await c.settle()
            assert not {char for char in c.text() if (char < " " and char != "\n") or "\x7f" <= char < "\xa0"}

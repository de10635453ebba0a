"""The line below the status line: where a live instrument trades, by which model, and how live its book is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.types import InstrumentStatus
from net import messages as m
from tests.tui.conftest import Console, OpenConsole
from tests.tui.world import World
from tui.config import ConsoleConfig


class FakeSession:
    """A session whose orders leave for a venue, as far as the screen asks."""

    def __init__(self) -> None:
        self.banner = "REAL ORDERS · TESTNET · up to $100 per order · 0x5d5c…00d2"
        self.live = True
        self.on_note: Callable[[str], None] = lambda _text: None


def make_live(world: World, status: InstrumentStatus = InstrumentStatus.OPEN, reason: str = "") -> m.InstrumentShape:
    market = world.markets[1]
    market.shape = msgspec.structs.replace(
        market.shape, source="hyperliquid", description="ACME on paper: no impact", status=status, status_reason=reason
    )
    return market.shape


async def show(console: Console, status: InstrumentStatus, reason: str) -> None:
    shape = make_live(console.world, status, reason)
    console.world.push(m.InstrumentStatusChange(data=shape, reason=reason))
    await console.settle()


async def test_a_simulated_instrument_has_no_such_line(console: OpenConsole) -> None:
    async with console() as c:
        assert "LADDER" in c.lines()[1]


@pytest.mark.parametrize("reason", ["stale", "reconnecting", "unknown name", "not followed"])
async def test_a_live_instrument_states_its_model_and_how_live_its_book_is(console: OpenConsole, reason: str) -> None:
    async with console() as c:
        await show(c, InstrumentStatus.OPEN, "live")
        assert c.lines()[1].startswith(" ACME on paper: no impact ")
        assert c.lines()[1].endswith("book ● LIVE ")
        await show(c, InstrumentStatus.HALTED, reason)
        assert c.lines()[1].endswith(f"book ○ {reason.upper()} ")
        assert "HALTED" in c.lines()[0]
        await c.press("right_curly_bracket")
        assert "LADDER" in c.lines()[1]


async def test_real_orders_are_announced_in_red_on_every_screen(console: OpenConsole) -> None:
    session = FakeSession()
    async with console(size=(140, 40), config=ConsoleConfig(real=session)) as c:
        for number in range(1, 8):
            await c.press("g", str(number))
            assert c.lines()[1].startswith(f" {session.banner} ")
            assert c.lines()[1].endswith("orders ● LIVE ")
            background = c.app.screen._compositor.render_strips()[1]._segments[0].style
            assert background is not None
            assert background.bgcolor == c.app.look.style("ask.bad").bgcolor
        session.live = False
        await c.settle()
        assert c.lines()[1].endswith("orders ○ RECONNECTING ")


async def test_a_console_that_shows_live_markets_opens_on_the_first(console: OpenConsole) -> None:
    async with console(config=ConsoleConfig(prefers="hyperliquid")) as c:
        assert c.app.view.current == 1
        shape = msgspec.structs.replace(make_live(c.world), symbol_id=77, ticker="BTC")
        c.world.push(m.InstrumentStatusChange(data=shape, reason="listed"))
        await c.settle()
        assert c.app.view.current == 77


async def test_what_the_session_has_to_say_is_shown(console: OpenConsole) -> None:
    session = FakeSession()
    async with console(config=ConsoleConfig(real=session)) as c:
        session.on_note("the venue will not cancel for a console that dies")
        await c.settle()
        assert "will not cancel for a console" in c.text()

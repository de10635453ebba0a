"""Looks of every screen in the three sizes, of every state, and of every theme. Fixed clock, fixed market."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.types import InstrumentStatus
from net import messages as m
from net.client import ConnectionChanged, ConnectionState
from tests.snapshots.picture import check
from tests.tui.conftest import Console, running
from tests.tui.world import INSTRUMENTS, FakeTime, World
from tui import keys
from tui.config import ConsoleConfig, ConsoleSettings

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}


def shown(c: Console, name: str) -> None:
    check(name, [list(strip) for strip in c.app.screen._compositor.render_strips()])


async def lively(c: Console) -> None:
    """A session with news, a decision, a working order and a position; no toast in the way."""
    c.world.news(0)
    for index in range(12):
        c.world.step(5)
        await c.arrive()
        c.app.second()
        if index == 3:
            c.world.decide()
        if index == 6:
            c.world.news(1)
    await c.press("left_square_bracket", "down", "down", "down", "b", "enter")
    await c.press("B", "y", "2")
    await c.step(3)
    freeze_meter(c)


def freeze_meter(c: Console) -> None:
    """The console's own cost differs on every machine: not here."""
    meter = c.app.meter
    meter.cpu_share, meter.bytes_per_second, meter.lag_ms, meter.frames = 0.051, 44_000.0, 4.0, 1_200
    meter.key_ms.clear()
    meter.key_ms.extend([9.0] * 50)
    meter.fixed_memory_mb = 52.0
    meter.version += 1
    c.app.clear_notifications()
    for pane in c.app.screen.query("Pane"):
        pane.forget()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", [mode for mode, _title in keys.MODES])
async def test_screen(mode: str, size: str) -> None:
    world = World(FakeTime())
    async with running(SIZES[size], ConsoleConfig(admin=lambda: world.admin), world) as c:
        await lively(c)
        digit = [name for name, _title in keys.MODES].index(mode) + 1
        await c.press("g", str(digit))
        freeze_meter(c)
        await c.settle()
        shown(c, f"{mode}-{size}")


@pytest.mark.parametrize("theme", ["light", "classic", "red-up", "mono", "ansi"])
async def test_theme(theme: str) -> None:
    async with running((80, 24), ConsoleConfig(settings=ConsoleSettings(theme=theme))) as c:
        await lively(c)
        await c.settle()
        shown(c, f"theme-{theme}")


async def test_plain_characters() -> None:
    """ascii: for terminals without block and line characters."""
    async with running((80, 24), ConsoleConfig(settings=ConsoleSettings(ascii=True))) as c:
        await lively(c)
        await c.settle()
        shown(c, "ascii")
        assert all(line.isascii() for line in c.lines()[1:-2])


async def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: not one colour is sent."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with running((80, 24)) as c:
        await c.settle()
        assert c.app.look.name == "mono"
        strips = c.app.screen._compositor.render_strips()
        colours = {segment.style.color for strip in strips for segment in strip if segment.style is not None}
        assert {colour.name for colour in colours if colour is not None} <= {"default"}


class Silent(World):
    """An exchange that takes the connection and says nothing."""

    async def connect(self) -> None:
        self.push(ConnectionChanged(state=ConnectionState.LIVE, epoch="e1"))


async def test_loading() -> None:
    async with running(world=Silent(FakeTime()), steps=0) as c:
        c.world.time.pass_ms(400)
        await c.settle()
        shown(c, "state-loading")
        assert "waiting for snapshot… 0.4 s" in c.text()


async def test_empty() -> None:
    async with running(steps=1) as c:
        c.app.clear_notifications()
        await c.settle()
        shown(c, "state-empty")
        assert "no working orders" in c.text()


async def test_stale() -> None:
    """Prices are dimmed, and an order key is refused."""
    async with running() as c:
        await c.press("left_square_bracket")
        c.world.time.pass_ms(3_000)
        await c.press("b")
        c.app.clear_notifications()
        await c.settle()
        shown(c, "state-stale")
        assert "STALE 3 s" in c.lines()[0]
        assert next(iter(c.app.view.audit)).text.endswith("prices are stale")


async def test_down() -> None:
    """Own orders get a question mark until the exchange has confirmed them."""
    async with running() as c:
        await c.press("left_square_bracket", "down", "b", "enter")
        c.world.push(
            ConnectionChanged(state=ConnectionState.RECONNECTING, reason="closed by peer", attempt=2, retry_in_s=3.0)
        )
        await c.settle()
        c.app.clear_notifications()
        await c.settle()
        shown(c, "state-down")
        assert "RECONNECT 2 in 3 s" in c.lines()[0]
        assert "10?" in c.text()


async def test_rejected() -> None:
    async with running() as c:
        c.app.desk.set_size(9_000)
        await c.press("left_square_bracket", "b", "enter")
        for _ in range(5):
            await c.pilot.pause(0.05)
        shown(c, "state-rejected")
        assert "order_limit" in c.text()
        await c.press("up")
        for _ in range(5):
            await c.pilot.pause(0.05)
        assert "order_limit" not in c.text()


async def test_gap() -> None:
    """A lost delta is counted."""
    async with running() as c:
        delta = m.BookDeltaShape(symbol_id=1, sequence=99_999, previous_sequence=99_998, bids=[], asks=[], checksum=0,
                                 timestamp=c.world.time.ms)  # fmt: skip
        c.world.push(m.BookDelta(data=delta))
        await c.settle()
        assert "1 gap" in c.lines()[0]


async def test_halted() -> None:
    async with running() as c:
        halted = msgspec.structs.replace(INSTRUMENTS[0], status=InstrumentStatus.HALTED)
        c.world.push(m.InstrumentStatusChange(data=halted))
        await c.settle()
        assert "HALTED" in c.lines()[0]


@pytest.mark.parametrize("size", ["80x24", "120x40"])
async def test_auction(size: str) -> None:
    """An auction says in the ladder's frame what it would trade; its book may be crossed."""
    async with running(SIZES[size]) as c:
        c.world.auction(1)
        await c.settle()
        assert " AUCTION " in c.lines()[1]
        c.world.auction(1, crossed=1_200)
        await c.settle()
        assert "AUCTION 99.85 × 1200" in c.lines()[1]
        assert "AUCTION" in c.lines()[0]
        shown(c, f"state-auction-{size}")


def of_the_venue(c: Console, state: str) -> None:
    """Make the first instrument a live one, in a state of its market."""
    market = c.world.markets[1]
    status = InstrumentStatus.OPEN if state == "live" else InstrumentStatus.HALTED
    model = "ACME on paper: displayed levels; queue behind what was there, moved by public trades; no impact"
    market.shape = msgspec.structs.replace(
        market.shape, source="hyperliquid", description=model, status=status, status_reason=state
    )
    c.world.push(m.InstrumentStatusChange(data=market.shape, reason=state))


@pytest.mark.parametrize("state", ["live", "stale", "reconnecting", "unknown name"])
async def test_live_market(state: str) -> None:
    """How live a market of a venue is stays on the narrowest usual screen, whatever else gives way."""
    async with running((80, 24)) as c:
        await c.step(3)
        of_the_venue(c, state)
        await c.settle()
        shown(c, f"venue-{state.replace(' ', '-')}")
        assert state.upper() in c.lines()[1]


class Banner:
    """A session of real orders, as far as the screen asks."""

    banner = "REAL ORDERS · TESTNET · up to $5000 per order · 0x5d5c…00d2 · $199,999.82"
    live = True
    on_note: Callable[[str], None] = print


@pytest.mark.parametrize("size", ["80x24", "120x40"])
async def test_real_orders(size: str) -> None:
    """All red, on every screen; the states stay where the banner has to be cut."""
    async with running(SIZES[size], ConsoleConfig(real=Banner())) as c:
        await c.step(3)
        of_the_venue(c, "live")
        await c.settle()
        shown(c, f"venue-real-{size}")
        assert c.lines()[1].startswith(" REAL ORDERS · TESTNET · up to $5000 per order")
        assert c.lines()[1].endswith("book ● LIVE  orders ● LIVE ")


@pytest.mark.parametrize("size", [(59, 24), (80, 15)])
async def test_too_small(size: tuple[int, int]) -> None:
    """One line says what is needed, and nothing trades."""
    async with running(size) as c:
        await c.press("b", "enter", "B", "y")
        assert [line.strip() for line in c.lines() if line.strip()] == [f"needs 60×16, has {size[0]}×{size[1]}"]
        assert "add" not in [verb for verb, _ in c.world.requests]


async def test_smallest() -> None:
    async with running((60, 16)) as c:
        await c.settle()
        shown(c, "smallest-60x16")


@pytest.mark.parametrize(
    ("name", "press"),
    [
        ("question", ("left_square_bracket", "b")),
        ("marketable", ("right_square_bracket", "b")),
        ("armed", ("a",)),
        ("grabbed", ("left_square_bracket", "down", "b", "enter", "m", "down")),
        ("kill", ("exclamation_mark",)),
        ("go", ("g",)),
        ("jump", ("apostrophe",)),
        ("help", ("question_mark",)),
        ("zoom", ("tab", "z")),
        ("layout-1", ("vertical_line",)),
        ("layout-2", ("vertical_line", "vertical_line")),
        ("frozen", ("space",)),
    ],
)
async def test_moment(name: str, press: tuple[str, ...]) -> None:
    async with running() as c:
        await c.step(20)
        await c.press(*press)
        c.app.clear_notifications()
        await c.settle()
        shown(c, f"moment-{name}")

"""The console in a real terminal, by keyboard: tmux is the terminal, the exchange is real and is killed under it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engine.types import Side
from net.client import Client
from tests.e2e.conftest import Exchange

TMUX = shutil.which("tmux")
WITHIN_S = 30.0
LOOK_EVERY_S = 0.05
"""A terminal tells nobody that its picture changed: it has to be looked at."""

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed")


RESTING = "10    99.94        ≈0│"
"""The end of the order's row among the working ones: quantity, price, and nobody before it in the queue."""


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def tmux(self, *words: str) -> str:
        """Run a tmux command."""
        process = await asyncio.create_subprocess_exec(
            str(TMUX), "-S", str(self._socket), "-f", os.devnull, *words, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return output.decode()

    async def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        for key in keys:
            await self.tmux("send-keys", key)

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        await self.tmux("resize-window", "-x", str(width), "-y", str(height))

    async def until(self, seen: Callable[[str], bool]) -> str:
        """Wait for a picture; it as text."""
        text = ""
        for _ in range(int(WITHIN_S / LOOK_EVERY_S)):
            text = await self.tmux("capture-pane", "-p")
            if seen(text):
                return text
            await asyncio.sleep(LOOK_EVERY_S)
        raise AssertionError(f"never seen in {WITHIN_S:g} s; the screen is\n{text}")

    async def shows(self, *words: str) -> str:
        """Wait until all words are on the screen."""
        return await self.until(lambda text: all(word in text for word in words))


@pytest.fixture
async def terminal(exchange: Exchange, tmp_path: Path) -> AsyncIterator[Terminal]:
    """A terminal of 120x40 with a console on the exchange in it."""
    window = Terminal(tmp_path / "tmux")
    console = f"{sys.executable} -m tui.cli connect {exchange.ws_url} --data-dir {tmp_path / 'you'}"
    environment = {"TRADESIM_CONFIG": str(tmp_path / "none.toml"), "COLORTERM": "truecolor", "NO_COLOR": ""}
    settings = " ".join(f"{name}={value}" for name, value in environment.items() if value)
    command = f"unset NO_COLOR; {settings} {console}; echo LEFT $?; exec cat"
    await window.tmux("new-session", "-d", command)
    try:
        await window.resize(120, 40)
        yield window
    finally:
        await window.tmux("kill-server")


def send(exchange: Exchange, tier: str, number: signal.Signals) -> None:
    os.kill(exchange.pids()[tier], number)


async def test_a_session_by_keyboard_survives_the_death_of_gateway_and_engine(
    exchange: Exchange, terminal: Terminal
) -> None:
    async with Client(exchange.ws_url) as maker:
        await maker.register("maker", starting_capital=100_000)
        await maker.add_order(1, Side.BUY, 10, price=99.95)
        await maker.add_order(1, Side.SELL, 10, price=100.05)
        await terminal.shows("LADDER ACME", "100.05", "● 10Hz")

        await terminal.press("[", "Down", "b")
        await terminal.shows("BUY 10 ACME @ 99.94 LMT", "Enter sends")
        await terminal.press("Enter")
        await terminal.shows(RESTING)

        await terminal.resize(59, 15)
        await terminal.shows("needs 60×16, has 59×15")
        await terminal.press("B", "y")
        await terminal.resize(120, 40)
        await terminal.shows("LADDER ACME", "pos flat", RESTING)

        send(exchange, "gateway", signal.SIGKILL)
        await terminal.shows("RECONNECT")
        await terminal.shows("● 10Hz", RESTING)

        # Frozen first: a killed engine may be back before anybody sees that it was away.
        send(exchange, "engine", signal.SIGSTOP)
        await terminal.until(lambda text: "ENGINE AWAY" in text or "STALE" in text)
        await terminal.press("b")
        await terminal.shows("prices are stale")
        send(exchange, "engine", signal.SIGKILL)
        await terminal.shows("● 10Hz", RESTING)

        await terminal.press("X")
        await terminal.shows("no working orders")
        await terminal.press("q")
        left = await terminal.shows("LEFT 0")
        assert "Traceback" not in left

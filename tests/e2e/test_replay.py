"""A recorded session in a real terminal, and live on from it on real processes."""

import asyncio
import fcntl
import os
import struct
import sys
import termios
from pathlib import Path

import pytest

from engine.oms import OrderManagementSystem
from engine.recovery import verify
from tests.tui.replay.recorded import record, state_after

pytestmark = pytest.mark.e2e


class Terminal:
    """A program in a pseudo-terminal of 120×40."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.shown = b""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self.ours, 65_536)
        except OSError:
            asyncio.get_running_loop().remove_reader(self.ours)
        self._more.set()

    def type(self, keys: str) -> None:
        self.shown = b""
        os.write(self.ours, keys.encode())

    async def shows(self, text: str) -> None:
        """Wait until this was written."""
        async with asyncio.timeout(30):
            while text.encode() not in self.shown:
                self._more.clear()
                await self._more.wait()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)
        os.close(self.theirs)


@pytest.mark.timeout(90)
async def test_a_recording_is_shown_and_goes_on_live_in_a_copy(tmp_path: Path) -> None:
    session, copy = record(tmp_path / "session"), tmp_path / "copy"
    original = (session / "journal.sqlite").read_bytes()
    terminal = Terminal()
    arguments = ("replay", str(session), "--at", "#123", "--what-if", str(copy), "--no-agents")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli", *arguments),
        stdin=terminal.theirs, stdout=terminal.theirs, stderr=terminal.theirs,
        env={**os.environ, "TERM": "xterm-256color", "TRADESIM_CONFIG": str(tmp_path / "none.toml")},
    )  # fmt: skip
    try:
        await terminal.shows("playing")
        terminal.type(" ")
        await terminal.shows("paused")
        terminal.type("W")
        await terminal.shows("GO ON LIVE")
        terminal.type("y")
        await terminal.shows("SAFE")
        assert (copy / "pids.json").exists()
        terminal.type("q")
        await terminal.shows("the what-if is kept in")
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        terminal.close()
    assert (session / "journal.sqlite").read_bytes() == original
    assert verify(session, OrderManagementSystem).state_hash == state_after(310)
    assert verify(copy, OrderManagementSystem).commands >= 123

"""A real exchange with a lobby, on free loopback ports, and visitors who come in by real programs."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncssh
import msgspec
import pytest
from real_exchange import RealExchange, real_exchange

from engine.types import Side
from net.client import Client
from tui.hosting.admission import Limits
from tui.hosting.audit import AuditLine
from tui.hosting.lobby import Exchange, Lobby, lobby
from tui.hosting.terminal import Size, Terminal

PATIENCE_S = 30
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
USUAL = Size(120, 40)
TOKEN = re.compile(r"\x1b\[([0-9;?<>=$]*)([@-~])|\x1b[()][A-Z0-9]|\x1b[=>]|(\r|\n)|([^\x00-\x1f])")


class Screen:
    """As much of a terminal as a console needs: moves, clearing, text."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], str] = {}
        self._row, self._column = 0, 0

    def write(self, text: str) -> None:
        for match in TOKEN.finditer(text):
            numbers, verb, control, letter = match.groups()
            if letter:
                self._cells[self._row, self._column] = letter
                self._column += 1
            elif control:
                self._row, self._column = (self._row + 1, self._column) if control == "\n" else (self._row, 0)
            elif verb == "H":
                row, _, column = numbers.partition(";")
                self._row, self._column = int(row or 1) - 1, int(column or 1) - 1
            elif verb == "J" or (verb in "hl" and numbers == "?1049"):
                self._cells.clear()
                self._row, self._column = (0, 0) if verb in "hl" else (self._row, self._column)

    @property
    def text(self) -> str:
        rows = range(max((row for row, _ in self._cells), default=-1) + 1)
        return "\n".join("".join(self._cells.get((row, column), " ") for column in range(400)).rstrip() for row in rows)


class Person:
    """A program in a terminal of its own, as a person sees it."""

    def __init__(self, *command: str) -> None:
        self._command = (sys.executable, "-c", TAKE_TERMINAL, *command)
        self.screen = Screen()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._news = asyncio.Event()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.terminal = Terminal(self._output, self.ended.set_result)

    async def start(self, size: Size = USUAL) -> Person:
        await self.terminal.start(self._command, {**os.environ, "TERM": "xterm-256color"}, size)
        return self

    def _output(self, data: bytes) -> None:
        self.screen.write(self._decoder.decode(data))
        self._news.set()

    async def sees(self, text: str) -> None:
        """Wait until a text is on the screen."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while text not in self.screen.text:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"never saw {text!r} in \n{self.screen.text}")

    def press(self, keys: str) -> None:
        self.terminal.type(keys.encode())

    async def end(self) -> int:
        """Wait for the program's end; its exit status."""
        return await asyncio.wait_for(asyncio.shield(self.ended), PATIENCE_S)

    async def close(self) -> None:
        await self.terminal.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something that has no event of its own holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - another process, or a file
            await asyncio.sleep(0.02)


def audit_lines(data_dir: Path) -> list[AuditLine]:
    lines = (data_dir / "logs" / "visits.log").read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=AuditLine) for line in lines]


def runs(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def children_of(pid: int) -> list[int]:
    """Process ids of a process's children."""
    listed = subprocess.run(
        ["/usr/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADESIM_CONFIG", str(tmp_path / "config.toml"))


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[RealExchange]:
    async with real_exchange(tmp_path) as running:
        yield running


@pytest.fixture
async def quoted(exchange: RealExchange) -> AsyncIterator[RealExchange]:
    """The exchange with a bid of 100 at 99.99 and an offer of 100 at 100.01 in ACME."""
    async with Client(exchange.url) as maker:
        await maker.register("maker")
        await maker.add_order(1, Side.BUY, 100, price=99.99)
        await maker.add_order(1, Side.SELL, 100, price=100.01)
        yield exchange


@pytest.fixture
def limits() -> Limits:
    """A test of another limit overrides it."""
    return Limits()


@pytest.fixture
async def visitors(exchange: RealExchange, tmp_path: Path, limits: Limits) -> AsyncIterator[Lobby]:
    async with lobby(Exchange(exchange.url, "own", tmp_path), limits, truecolor_for_all=False) as opened:
        yield opened


def write_key(path: Path) -> asyncssh.SSHKey:
    """A new key pair at ``path`` and ``path.pub``."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    path.write_bytes(key.export_private_key())
    path.chmod(0o600)
    path.with_suffix(".pub").write_bytes(key.export_public_key())
    return key

"""A console at the end of an SSH channel."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Final

import asyncssh

from tui.hosting.admission import Refused, Visitor
from tui.hosting.lobby import Lobby
from tui.hosting.terminal import Size
from tui.hosting.viewer import RemoteViewer

GOODBYE_S: Final = 2.0
"""How long a client may take to read the last words."""
BUFFER_BYTES: Final = 1 << 17
"""Unread bytes past which a terminal has fallen behind: a few whole pictures."""
TRUECOLOR_TERMS: Final = ("direct", "kitty", "alacritty", "ghostty", "wezterm", "foot")


class Console(RemoteViewer, asyncssh.SSHServerSession[bytes]):
    """The console of one connection."""

    def __init__(
        self, lobby: Lobby, visitor: Visitor, conn: asyncssh.SSHServerConnection, on_start: Callable[[], None]
    ) -> None:
        super().__init__()
        self._lobby = lobby
        self.visitor = visitor
        self._conn = conn
        self._on_start = on_start
        self._chan: asyncssh.SSHServerChannel[bytes]
        self._term = ""
        self._size = Size(80, 24)
        self._entering: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._gone = False

    # --- what the client asks

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """The channel is open."""
        self._chan = chan
        chan.set_write_buffer_limits(high=BUFFER_BYTES)

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        """A terminal, as every console needs."""
        self._term = re.sub(r"[^A-Za-z0-9_.+-]", "", term_type)[:64] or "xterm"
        self._size = Size.asked(*term_size[:2])
        return True

    def shell_requested(self) -> bool:
        """What `ssh host` asks for: the console."""
        if not self._term:
            self._lobby.refused(self.visitor, "no terminal")
        return bool(self._term)

    def exec_requested(self, command: str) -> bool:
        """Refused, and written down."""
        self._lobby.refused(self.visitor, "asked to run a command")
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        """Refused, and written down."""
        self._lobby.refused(self.visitor, "asked for a subsystem")
        return False

    def session_started(self) -> None:
        """Everything is agreed: in."""
        self._on_start()
        self._entering = asyncio.create_task(self._enter(), name=f"ssh visitor {self.visitor.name}")

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Keys."""
        self.typed(data)

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Another size."""
        self._size = Size.asked(width, height)
        self.resized(self._size)

    def eof_received(self) -> bool:
        """No more keys: there is nobody to show anything to."""
        return False

    def pause_writing(self) -> None:
        """The client does not read."""
        self.full()

    def resume_writing(self) -> None:
        """The client reads again."""
        self.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed, or the whole line."""
        self._gone = True
        self._leaving = asyncio.create_task(self._leave(), name=f"ssh visitor {self.visitor.name} leaves")

    # --- a viewer

    def send(self, data: bytes) -> None:
        """Send to the terminal."""
        with contextlib.suppress(OSError):  # the channel may have closed a moment ago
            self._chan.write(data)

    def finish(self) -> None:
        """Close the channel when all is read, and the line soon in any case."""
        with contextlib.suppress(OSError):
            self._chan.exit(0)
        asyncio.get_running_loop().call_later(GOODBYE_S, self._conn.abort)

    # --- within

    async def _enter(self) -> None:
        colour = self._chan.get_environment().get("COLORTERM", "")
        truecolor = colour in ("truecolor", "24bit") or any(name in self._term for name in TRUECOLOR_TERMS)
        try:
            seat = await self._lobby.admit(self.visitor, self._size, self._term, truecolor=truecolor)
        except Refused as refusal:
            self.ended(str(refusal))
            return
        if self._gone:
            await seat.leave("gone before the console was there")
        else:
            self.sit(seat, self._size, from_start=True)

    async def _leave(self) -> None:
        if self._entering is not None:
            await asyncio.wait({self._entering})
        if self.seat is not None:
            self.seat.unwatch(self)
            await self.seat.leave(self.why)
        self._conn.close()

"""One console's screen and everybody who looks at it: drawn once, its bytes handed to all.

Who comes later, or falls behind, gets nothing until the console has drawn a whole picture again (it is asked to), and
goes on from there: a slow viewer gets a newer picture, not more bytes, and never slows the others.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Final, Protocol

from tui.hosting.order import MARK, ConsoleOrder, environment
from tui.hosting.terminal import Size, Terminal

REPAINT_PAUSE_S: Final = 0.25
"""Least time between two whole pictures: many who come at once share one."""

WIPE: Final = b"\x1b[0m\x1b[2J\x1b[H"
BLANK: Final = b"\x1b[?1049h\x1b[?25l\x1b[?7l" + WIPE
"""The terminal's other screen, without cursor and wrapping; to be asked for once only, as it is left once."""
INPUT: Final = b"\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h\x1b[?1004h\x1b[?2004h"
"""Mouse, focus and paste reports, as Textual switches them on at its start."""
RESTORE: Final = (
    b"\x1b[?2026l\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?2048l"
    b"\x1b[<u\x1b[?7h" + WIPE + b"\x1b[?1049l\x1b[?25h"
)
"""A terminal as a shell wants it, whatever was left out before."""

_MARK: Final = MARK.encode()


class Viewer(Protocol):
    """Somebody's terminal, at the other end of a connection."""

    @property
    def ready(self) -> bool:
        """Whether it has read enough of what it was sent to be sent more."""

    def show(self, data: bytes) -> None:
        """Send bytes of the screen."""

    def ended(self, why: str) -> None:
        """There will be no more."""


class Picture:
    """A running console. ``on_end`` is called once when it is no more."""

    def __init__(self, order: ConsoleOrder) -> None:
        self._order = order
        self._live: set[Viewer] = set()
        self._waiting: set[Viewer] = set()
        self._terminal = Terminal(self._drawn, self._gone)
        self._tail = b""
        self._awake = False
        """Whether the console has drawn a whole picture, and so hears when another is asked for."""
        self._asked: asyncio.TimerHandle | None = None
        self._asked_at = float("-inf")
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Done with the exit status."""

    @property
    def pid(self) -> int | None:
        """Process id of the console."""
        return self._terminal.pid

    async def start(self, size: Size, term: str, *, truecolor: bool) -> None:
        """Run the console."""
        await self._terminal.start(self._order.command(), environment(term, truecolor=truecolor), size)

    async def close(self) -> None:
        """End the console; whoever still looks is told."""
        await self._terminal.close()

    # --- who looks

    def watch(self, viewer: Viewer, *, from_start: bool = False) -> None:
        """Show it to a viewer: all of it, when it has only just been started, or from the next whole picture on."""
        if from_start:
            self._live.add(viewer)
            return
        viewer.show(BLANK if self._order.spectator else BLANK + INPUT)
        self._waiting.add(viewer)
        self._ask()

    def unwatch(self, viewer: Viewer) -> None:
        """A viewer is gone."""
        self._live.discard(viewer)
        self._waiting.discard(viewer)

    def caught_up(self, viewer: Viewer) -> None:
        """A viewer that had fallen behind can be sent more."""
        if viewer in self._waiting:
            self._ask()

    def refresh(self, viewer: Viewer) -> None:
        """A viewer's terminal was cleared."""
        if viewer in self._live:
            self._live.remove(viewer)
            self._waiting.add(viewer)
        self._ask()

    # --- what goes in

    def type(self, data: bytes) -> None:
        """Press keys."""
        self._terminal.type(data)

    def resize(self, size: Size) -> None:
        """Give the console another size."""
        self._terminal.resize(size)

    # --- what comes out

    def _drawn(self, data: bytes) -> None:
        for viewer in [viewer for viewer in self._live if not viewer.ready]:
            self._live.remove(viewer)
            self._waiting.add(viewer)
        for viewer in self._live:
            viewer.show(data)
        recent = self._tail + data
        start = recent.rfind(_MARK)
        if start >= 0:
            self._awake = True
            self._begin(recent[start:])
        self._tail = recent[1 - len(_MARK) :]

    def _begin(self, data: bytes) -> None:
        """A whole picture begins here: those who wait and can take it join."""
        joining = [viewer for viewer in self._waiting if viewer.ready]
        for viewer in joining:
            self._waiting.remove(viewer)
            self._live.add(viewer)
            viewer.show(data)

    def _ask(self) -> None:
        """Ask for a whole picture, soon; the first comes unasked."""
        if not self._awake or self._asked is not None:
            return
        loop = asyncio.get_running_loop()
        self._asked = loop.call_at(max(loop.time(), self._asked_at + REPAINT_PAUSE_S), self._request)

    def _request(self) -> None:
        self._asked = None
        self._asked_at = asyncio.get_running_loop().time()
        self._terminal.signal(signal.SIGUSR1)

    def _gone(self, status: int) -> None:
        if self._asked is not None:
            self._asked.cancel()
        viewers = self._live | self._waiting
        self._live.clear()
        self._waiting.clear()
        self.ended.set_result(status)
        for viewer in viewers:
            viewer.ended("goodbye" if status == 0 else "the console ended")

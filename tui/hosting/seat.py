"""A visitor's place at a console."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from tui.hosting.admission import Visitor
from tui.hosting.picture import Picture, Viewer
from tui.hosting.terminal import Size


class Seat:
    """An admitted visitor's place. ``leave`` gives it back; the account stays."""

    def __init__(
        self, visitor: Visitor, picture: Picture, on_left: Callable[[Seat, float, str], Awaitable[None]]
    ) -> None:
        self.visitor = visitor
        self.picture = picture
        self._on_left = on_left
        self._entered = time.monotonic()
        self._typed = self._entered
        self._viewers: set[Viewer] = set()
        self._left = False

    @property
    def idle_s(self) -> float:
        """Seconds since the last key."""
        return time.monotonic() - self._typed

    def watch(self, viewer: Viewer, *, from_start: bool = False) -> None:
        """Show the console to a viewer."""
        self._viewers.add(viewer)
        self.picture.watch(viewer, from_start=from_start and self.visitor.trades)

    def unwatch(self, viewer: Viewer) -> None:
        """A viewer's connection is gone."""
        self._viewers.discard(viewer)
        self.picture.unwatch(viewer)

    def type(self, data: bytes) -> None:
        """Press keys; a spectator's reach nobody."""
        self._typed = time.monotonic()
        if self.visitor.trades:
            self.picture.type(data)

    def resize(self, size: Size) -> None:
        """Give a trader's console another size; the shared one keeps its own."""
        if self.visitor.trades:
            self.picture.resize(size)

    async def leave(self, why: str) -> None:
        """Give the place back, end what runs for it alone, and tell whoever still looks."""
        if self._left:
            return
        self._left = True
        for viewer in self._viewers:
            self.picture.unwatch(viewer)
            viewer.ended(why)
        await self._on_left(self, time.monotonic() - self._entered, why)

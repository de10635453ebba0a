"""A visitor's terminal at the end of a connection, whatever carries its bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from tui.hosting.lobby import SHARED_SIZE
from tui.hosting.picture import RESTORE, WIPE
from tui.hosting.seat import Seat
from tui.hosting.terminal import Size

LEAVE_KEYS: Final = (b"q", b"\x03", b"\x04")
"""What ends a spectator's visit: q, Ctrl-C, Ctrl-D."""


class RemoteViewer(ABC):
    """Shows a seat's console. A door says how bytes are sent, when there is room for more, and when it is over."""

    def __init__(self) -> None:
        self.seat: Seat | None = None
        self._full = False
        self._small = False
        self._over = False
        self.why = "the line closed"
        """How the visit ended."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send to the terminal."""

    @abstractmethod
    def finish(self) -> None:
        """Close the connection once everything is sent."""

    @property
    def ready(self) -> bool:
        """Whether there is room for more, on the line and on the screen."""
        return not (self._full or self._small)

    def show(self, data: bytes) -> None:
        """Send bytes of the screen."""
        if not self._over:
            self.send(data)

    def ended(self, why: str) -> None:
        """Give the terminal back as it was, say why, and close."""
        if not self._over:
            self._over = True
            self.why = why
            self.send(RESTORE + f"tradesim: {why}\r\n".encode())
            self.finish()

    def sit(self, seat: Seat, size: Size, *, from_start: bool) -> None:
        """Begin to look."""
        self.seat = seat
        seat.watch(self, from_start=from_start)
        self.resized(size)

    def full(self) -> None:
        """The line takes no more for now."""
        self._full = True

    def drained(self) -> None:
        """The line takes more again."""
        self._full = False
        if self.seat is not None:
            self.seat.picture.caught_up(self)

    def typed(self, data: bytes) -> None:
        """Keys were pressed."""
        seat = self.seat
        if seat is None:
            return
        seat.type(data)
        if not seat.visitor.trades and data in LEAVE_KEYS:
            self.ended("goodbye")

    def resized(self, size: Size) -> None:
        """The terminal has this size now: a trader's console follows; the shared one must fit as it is."""
        seat = self.seat
        if seat is None:
            return
        seat.resize(size)
        if seat.visitor.trades:
            return
        self._small = size.columns < SHARED_SIZE.columns or size.rows < SHARED_SIZE.rows
        self.show(WIPE + _too_small(size) if self._small else WIPE)
        seat.picture.refresh(self)


def _too_small(size: Size) -> bytes:
    wanted = (
        f"the shared screen is {SHARED_SIZE.columns}x{SHARED_SIZE.rows}; this terminal is {size.columns}x{size.rows}"
    )
    return f"\x1b[{size.rows // 2}H\x1b[2K {wanted}\r\n\x1b[2K Enlarge the window to watch; q leaves.".encode()

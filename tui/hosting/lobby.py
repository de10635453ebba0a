"""Where visitors of all doors get their consoles: traders one of their own, spectators a look at the one they share."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from net.errors import StartupError
from net.logs import get_logger
from net.process import prepare_data_dir
from tui.hosting.admission import Admission, Limits, Refused, Visitor
from tui.hosting.audit import Audit, AuditLine, now_text
from tui.hosting.order import ConsoleOrder
from tui.hosting.picture import Picture
from tui.hosting.seat import Seat
from tui.hosting.terminal import Size
from tui.wallet import FILE as WALLET

SHARED_SIZE: Final = Size(120, 40)
LINGER_S: Final = 20.0
"""How long the shared console runs on when nobody watches."""
IDLE_CHECK_S: Final = 1.0
FOLDER: Final = "visitors"
SPECTATORS: Final = "spectators"

log = get_logger(__name__)


@dataclass(frozen=True)
class Exchange:
    """What is hosted."""

    url: str
    """WebSocket address of its gateway."""
    name: str
    """In the wallets."""
    data_dir: Path


class Lobby:
    """Admits visitors and keeps the book of who is in. Close it at the end."""

    def __init__(self, exchange: Exchange, limits: Limits, *, truecolor_for_all: bool) -> None:
        self._exchange = exchange
        self._limits = limits
        self._admission = Admission(limits)
        self._audit = Audit(exchange.data_dir)
        self._truecolor_for_all = truecolor_for_all
        self._seats: set[Seat] = set()
        self._shared: Picture | None = None
        self._sharing = asyncio.Lock()
        self._lingering: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchman = asyncio.create_task(self._send_idle_away(), name="send idle visitors away")

    @property
    def seats(self) -> frozenset[Seat]:
        """Who is in."""
        return frozenset(self._seats)

    async def admit(self, visitor: Visitor, size: Size, term: str, *, truecolor: bool) -> Seat:
        """Give a visitor a console; raises ``Refused``."""
        try:
            self._admission.enter(visitor)
        except Refused as refusal:
            self._write(visitor, "refused", why=str(refusal))
            raise
        try:
            if visitor.trades:
                picture = await self._own(visitor, size, term, truecolor=truecolor)
            else:
                picture = await self._share()
        except BaseException as error:
            self._admission.leave(visitor)
            if isinstance(error, OSError | StartupError):  # short of processes, files or room on the disk
                log.error("no console", why=str(error))
                error = Refused("no console can be started now; try again later")
            if isinstance(error, Refused):
                self._write(visitor, "refused", why=str(error))
            raise error
        seat = Seat(visitor, picture, self._left)
        self._seats.add(seat)
        self._write(visitor, "entered")
        if visitor.trades:
            picture.ended.add_done_callback(lambda _: self._spawn(seat.leave("quit")))
        return seat

    def refused(self, visitor: Visitor, why: str) -> None:
        """Write down that a door turned somebody away."""
        self._write(visitor, "refused", why=why)

    async def _left(self, seat: Seat, seconds: float, why: str) -> None:
        """Take a seat back."""
        self._seats.discard(seat)
        self._admission.leave(seat.visitor)
        self._write(seat.visitor, "left", seconds=round(seconds, 1), why=why)
        if seat.visitor.trades:
            await asyncio.shield(self._spawn(seat.picture.close()))  # whoever asked may be gone before it is
        elif not any(other.picture is self._shared for other in self._seats):
            self._linger()

    async def close(self) -> None:
        """Send everybody away."""
        self._watchman.cancel()
        await asyncio.gather(*(seat.leave("the host stops") for seat in self.seats))
        if self._lingering is not None:
            self._lingering.cancel()
        if self._shared is not None:
            await self._shared.close()
        await asyncio.gather(self._watchman, *self._tasks, return_exceptions=True)
        self._audit.close()

    # --- consoles

    async def _own(self, visitor: Visitor, size: Size, term: str, *, truecolor: bool) -> Picture:
        folder = self._folder(visitor)
        if not folder.is_dir() and self._remembered() >= self._limits.accounts:
            raise Refused("there are no more accounts for new traders; you are welcome to watch")
        opened = (folder / WALLET).exists()
        if not opened and self._admission.consoles_of(visitor) > 1:
            raise Refused("your account is being opened by your other console; try again in a moment")
        picture = Picture(self._order(folder, visitor.name, spectator=False))
        await picture.start(size, term, truecolor=truecolor)
        return picture

    async def _share(self) -> Picture:
        """The console of all spectators, started for the first."""
        async with self._sharing:
            if self._lingering is not None:
                self._lingering.cancel()
                self._lingering = None
            if self._shared is None or self._shared.ended.done():
                folder = self._exchange.data_dir / FOLDER / SPECTATORS
                shared = Picture(self._order(folder, SPECTATORS, spectator=True))
                await shared.start(SHARED_SIZE, "xterm-256color", truecolor=self._truecolor_for_all)
                self._shared = shared
            return self._shared

    def _order(self, folder: Path, name: str, *, spectator: bool) -> ConsoleOrder:
        exchange = self._exchange
        prepare_data_dir(folder)
        return ConsoleOrder(
            url=exchange.url, data_dir=str(folder), exchange=exchange.name, name=name, spectator=spectator
        )

    def _folder(self, visitor: Visitor) -> Path:
        """Where a trader's account is kept; the name is the fingerprint's, made safe for a file system."""
        safe = re.sub(r"[^A-Za-z0-9_.=-]", "_", visitor.who.replace("/", "-").replace("+", "."))
        return self._exchange.data_dir / FOLDER / f"{visitor.door}-{safe}"

    def _remembered(self) -> int:
        with contextlib.suppress(OSError):
            return sum(1 for folder in (self._exchange.data_dir / FOLDER).iterdir() if folder.name != SPECTATORS)
        return 0

    def _linger(self) -> None:
        loop, shared = asyncio.get_running_loop(), self._shared
        if shared is not None and self._lingering is None:
            self._lingering = loop.call_later(LINGER_S, lambda: self._spawn(self._end_shared(shared)))

    async def _end_shared(self, shared: Picture) -> None:
        async with self._sharing:
            self._lingering = None
            if any(seat.picture is shared for seat in self._seats):
                return
            if shared is self._shared:
                self._shared = None
            await shared.close()

    async def _send_idle_away(self) -> None:
        while True:
            await asyncio.sleep(min(IDLE_CHECK_S, self._limits.idle_s))
            for seat in self.seats:
                if seat.visitor.trades and seat.idle_s > self._limits.idle_s:
                    await seat.leave(f"no key for {self._limits.idle_s / 60:g} minutes; your account is kept")

    # --- within

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _write(
        self,
        visitor: Visitor,
        event: Literal["entered", "left", "refused"],
        *,
        seconds: float | None = None,
        why: str = "",
    ) -> None:
        self._audit.write(
            AuditLine(
                time=now_text(), event=event, door=visitor.door, who=visitor.who, name=visitor.name,
                address=visitor.address, trades=visitor.trades, seconds=seconds, why=why,
            )
        )  # fmt: skip


@contextlib.asynccontextmanager
async def lobby(exchange: Exchange, limits: Limits, *, truecolor_for_all: bool) -> AsyncIterator[Lobby]:
    """A lobby for as long as the context lasts."""
    opened = Lobby(exchange, limits, truecolor_for_all=truecolor_for_all)
    try:
        yield opened
    finally:
        await opened.close()

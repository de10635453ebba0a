"""The feed of a replay: plays the commands of a recorded session at the pace of their times, and winds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from engine.events import AnyEvent, NewsPublished, Trade
from engine.journal_errors import JournalError
from engine.playhead import Moment, Playhead, Winding
from engine.types import SymbolId
from net import messages as m
from net.client import ConnectionChanged, ConnectionState, Push
from net.units import millis
from tui.read_only import ReadOnlyFeed
from tui.replay.teller import Teller

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0)
"""Speeds that the keys go through, times real time."""
FRAME_S = 0.1
BUDGET_S = 0.04
"""How long commands are applied in a frame before the screen is let in; past it the replay is slower than asked."""
QUIET_NS = 30_000_000_000
"""A longer silence of everybody (the exchange was not running) is passed over."""
AGENTS_EVERY = 10
"""Frames between two leaderboards."""
NEARBY = 2_000
"""Commands over which the market is shown to go on; a longer jump starts the screen over."""


@dataclass(frozen=True, slots=True)
class ReplayStatus:
    """Where a replay is."""

    playing: bool
    speed: float
    behind: bool
    """Whether this machine cannot keep that speed up."""
    number: int
    last: int
    time: int
    """Of the recording, ns."""
    winding: bool
    moment: Moment | None
    """The last command that was played."""
    problem: str = ""

    @property
    def share(self) -> float:
        """How much of the recording has passed, 0 to 1."""
        return self.number / self.last


class ReplayFeed(ReadOnlyFeed):
    """A recorded session as a connection to an exchange. All controls may be called at any time from the same loop.

    Args:
        owner: account over whose shoulder is looked.
        tell: called with a word about what was looked for and not found.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        playhead: Playhead,
        owner: str | None = None,
        speed: float = 1.0,
        *,
        tell: Callable[[str], None] = lambda _text: None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.playhead = playhead
        self.tell = tell
        self._teller = Teller(playhead.service, owner)
        self._owner = owner
        self._clock = clock
        self._speed = speed
        self._playing = True
        self._behind = False
        self._now = playhead.time
        self._winding: Winding | None = None
        self._missing = ""
        self._problem = ""
        self._shown = playhead.number
        playhead.on_moment = self._heard
        self._changed = asyncio.Event()
        self._closed = False

    def status(self) -> ReplayStatus:
        """Where the replay is."""
        head = self.playhead
        return ReplayStatus(
            playing=self._playing, speed=self._speed, behind=self._behind, number=head.number,
            last=head.recording.last, time=self._now, winding=self._winding is not None, moment=head.moment,
            problem=self._problem,
        )  # fmt: skip

    # --- controls

    def toggle(self) -> None:
        """Pause, or go on."""
        self._playing = not self._playing and not self.playhead.at_end
        self._now = self.playhead.time
        self._changed.set()

    def set_speed(self, speed: float) -> None:
        """Times real time."""
        self._speed = max(SPEEDS[0], min(SPEEDS[-1], speed))
        self._changed.set()

    def faster(self, steps: int) -> None:
        """As many speeds up, or with a negative number down."""
        at = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - self._speed))
        self.set_speed(SPEEDS[max(0, min(len(SPEEDS) - 1, at + steps))])

    def seek(self, number: int) -> None:
        """Be after command ``number``; goes on playing if it did."""
        self._wind(self.playhead.seek(number), "")

    def seek_time(self, time: int) -> None:
        """Be at a time (ns)."""
        self.seek(self.playhead.recording.number_at(time))

    def step(self, commands: int) -> None:
        """Pause, as many commands on, or with a negative number back."""
        self._playing = False
        self.seek(self.playhead.number + commands)

    def find_trade(self, symbol_id: SymbolId | None, forwards: bool) -> None:
        """Pause at the next or previous trade of an instrument."""

        def wanted(event: AnyEvent) -> bool:
            return isinstance(event, Trade) and symbol_id in (None, event.symbol_id)

        self._find(wanted, "trade", forwards)

    def find_news(self, forwards: bool) -> None:
        """Pause at the next or previous headline."""
        self._find(lambda event: isinstance(event, NewsPublished), "headline", forwards)

    def _find(self, wanted: Callable[[AnyEvent], bool], what: str, forwards: bool) -> None:
        self._playing = False
        head = self.playhead
        missing = f"no further {what}: the end of the recording" if forwards else f"no earlier {what}: the beginning"
        self._wind(head.forward_to(wanted) if forwards else head.back_to(wanted), missing)

    def _wind(self, winding: Winding, missing: str) -> None:
        """Begin to wind, in the place of what was being wound."""
        self._winding, self._missing = winding, missing
        self._changed.set()

    # --- the feed

    async def connect(self) -> None:
        """The recording is here."""

    async def close(self) -> None:
        """Stop playing."""
        self._closed = True
        self._changed.set()

    async def messages(self) -> AsyncIterator[Push]:
        """Tell what happens, at the pace of the reader; ends when closed."""
        for push in self._everything(new_epoch=False):
            yield push
        frame, last = 0, self._clock()
        while not self._closed:
            await self._pause()
            elapsed, last = self._clock() - last, self._clock()
            try:
                pushes = self._frame(min(elapsed, 1.0), frame)
            except JournalError as error:
                self._problem, self._playing, self._winding = str(error), False, None
                pushes = iter(())
            for push in pushes:
                yield push
            frame += 1

    async def _pause(self) -> None:
        """Until the next frame, or something is asked for; while winding only until others had their turn."""
        if self._winding is not None:
            await asyncio.sleep(0)
            return
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), FRAME_S)
        except TimeoutError:
            return

    def _frame(self, elapsed_s: float, frame: int) -> Iterator[Push]:
        if self._winding is not None:
            return self._wound()
        if self._playing:
            self._play(elapsed_s)
        return self._told(agents=frame % AGENTS_EVERY == 0)

    def _play(self, elapsed_s: float) -> None:
        """Apply the commands whose time has come."""
        head = self.playhead
        self._now += int(elapsed_s * self._speed * 1e9)
        until, self._behind = self._clock() + BUDGET_S, False
        while (due := head.next_time()) is not None and due <= self._now:
            head.step()
            if self._clock() > until:
                self._now, self._behind = head.time, True
                return
        if due is None:
            self._playing, self._now = False, head.time
            self.tell("the end of the recording")
        elif due - self._now > QUIET_NS:
            self._now = due

    def _wound(self) -> Iterator[Push]:
        """Wind on; when done, tell where the recording is now."""
        winding, until = self._winding, self._clock() + BUDGET_S
        assert winding is not None  # noqa: S101 - the caller looked
        while self._clock() < until:
            try:
                next(winding)
            except StopIteration as done:
                if not done.value and self._missing:
                    self.tell(self._missing)
                self._winding, self._now = None, self.playhead.time
                return self._arrived()
        return iter(())

    def _arrived(self) -> Iterator[Push]:
        head = self.playhead
        if head.service is self._teller.service and 0 <= head.number - self._shown <= NEARBY:
            return self._told(agents=True)
        self._teller = Teller(head.service, self._owner)
        return self._everything(new_epoch=True)

    def _heard(self, moment: Moment) -> None:
        """A command was applied, perhaps to a service that nobody was told of yet."""
        if self.playhead.service is self._teller.service:
            self._teller.hear(moment)

    def _everything(self, *, new_epoch: bool) -> Iterator[Push]:
        self._shown = self.playhead.number
        epoch = self.playhead.recording.epoch
        yield ConnectionChanged(state=ConnectionState.LIVE, reason="recording", epoch=epoch, new_epoch=new_epoch)
        yield from self._teller.opening(self.playhead.time)

    def _told(self, *, agents: bool) -> Iterator[Push]:
        self._shown = self.playhead.number
        if agents:
            yield self._teller.agents(self.playhead.time)
        yield from self._teller.changes(self.playhead.time)

    # --- history

    async def get_orders(self, *_args: object) -> list[m.OrderShape]:
        """Working orders of the owner."""
        return self._teller.orders()

    async def get_trades(self, *_args: object, **_rest: object) -> list[m.ExecutionShape]:
        """Fills of the owner."""
        return self._teller.fills()

    async def get_candles(self, symbol_id: int, interval: str = "1m", *, limit: int = 200) -> list[m.CandleShape]:
        """Newest candles, oldest first."""
        return self._teller.candles(symbol_id, interval, limit)

    async def get_tape(self, symbol_id: int, *, limit: int = 100) -> list[m.TradeShape]:
        """Newest prints, newest first."""
        return self._teller.tape(symbol_id, limit)

    async def ping(self) -> m.PongData:
        """At once."""
        return m.PongData(server_time=millis(self.playhead.time))

"""A recorded session that can be wound: any moment of a journal, forwards and backwards, on the real state machine.

The journal is read and never written, also while an engine goes on writing it; what it held when it was opened is the
recording. Going back means entering the recording at a state kept on the way (a ``Station``) and applying the commands
from there, so that every moment is reached by the commands that led to it.

What can take long is a generator: it yields every ``SLICE`` commands, so that whoever drives it can do other things.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec

from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.journal_errors import JournalCorrupt, JournalError
from engine.journal_format import GENESIS, Group, Record
from engine.journal_reader import JournalReader
from engine.service import RecoverableService

SLICE = 200
"""Commands between two yields: some ten milliseconds."""
SPACING = 2_000
"""Commands between two stations, until there are too many of them."""
STATION_BYTES = 64 << 20
"""Memory that the stations may take."""

_times: msgspec.msgpack.Decoder[list[tuple[int, msgspec.Raw]]] = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])

Wanted: TypeAlias = Callable[[AnyEvent], bool]
Winding: TypeAlias = Generator[None, None, bool]
"""Work in slices; its value says whether what was looked for was found."""


class Moment(msgspec.Struct, frozen=True):
    """One command of the recording, and what it led to."""

    number: int
    """Commands count from 1."""
    time: int
    """Nanoseconds since the epoch."""
    command: AnyCommand
    events: list[AnyEvent]


class Station(msgspec.Struct, frozen=True):
    """A state from which the recording can be played on: after command ``number``, the last of its group."""

    number: int
    time: int
    chain: bytes
    packed: bytes
    """The state, compressed: a sixth of it."""

    @classmethod
    def of(cls, number: int, time: int, chain: bytes, state: bytes) -> Station:
        """A station with the state packed."""
        return cls(number, time, chain, zlib.compress(state, 1))

    def state(self) -> bytes:
        """The state unpacked."""
        return zlib.decompress(self.packed)


class Recording:
    """A journal as something with a beginning and an end; close it when done.

    Raises:
        JournalError: there is no journal, it is empty, or it cannot be read.
        JournalCorrupt: it is damaged before its end.
    """

    def __init__(self, data_dir: Path) -> None:
        self.reader = JournalReader.open(data_dir)
        self._firsts = array("q")
        self._times = array("q")
        self.last = 0
        """Number of the last whole command."""
        self.end = 0
        """Its time (ns)."""
        try:
            self._index()
        except JournalError:
            self.close()
            raise

    def _index(self) -> None:
        for group in self.reader.groups():
            times = _times.decode(group.records)
            self._firsts.append(group.first)
            self._times.append(times[0][0])
            self.last, self.end = group.last, times[-1][0]
        if not self.last:
            raise JournalError(f"{self.reader.path} has no commands: nothing was recorded")

    @property
    def start(self) -> int:
        """Time (ns) of the first command."""
        return self._times[0]

    @property
    def loss(self) -> str:
        """What is missing at the end, for a person; "" when nothing."""
        return self.reader.loss

    @property
    def epoch(self) -> str:
        """Names the history that was recorded."""
        return self.reader.meta("epoch")

    def stations(self) -> list[Station]:
        """The states that the engine itself kept, oldest first."""
        kept = [s for s in self.reader.snapshots() if s.number <= self.last]
        return [Station.of(s.number, s.time, s.chain, s.unpack()) for s in reversed(kept)]

    def groups(self, last: int, chain: bytes) -> Iterator[Group]:
        """The groups after command ``last``, where the chain has the value ``chain``."""
        for group in self.reader.groups(last, chain):
            if group.last > self.last:  # written since
                return
            yield group

    def number_at(self, time: int) -> int:
        """Number of the last command that had been applied at ``time`` (ns); 0 before the first."""
        at = bisect_right(self._times, time) - 1
        if at < 0:
            return 0
        before = self._firsts[at] - 1
        group = self.reader.group_after(before)
        return before + (0 if group is None else sum(now <= time for now, _ in _times.decode(group.records)))

    def close(self) -> None:
        """Close the journal."""
        self.reader.close()


class Playhead:
    """Stands somewhere in a recording; ``service`` is the exchange as it was then, and must only be asked."""

    def __init__(self, recording: Recording, new_service: Callable[[], RecoverableService]) -> None:
        self.recording = recording
        self._new_service = new_service
        self._stations = [station for station in recording.stations() if self._restores(station)]
        self._spacing = SPACING
        self.on_moment: Callable[[Moment], None] = lambda _moment: None
        """Called with each command that was applied."""
        self._enter(None)

    def _restores(self, station: Station) -> bool:
        """Whether this version of the engine can go on from there."""
        try:
            self._new_service().restore(station.state())
        except ValueError:
            return False
        return True

    def _enter(self, station: Station | None) -> None:
        """Be at a station, or with None before the first command."""
        self.service = self._new_service()
        self.number = 0
        """Of the last command applied."""
        self.time = self.recording.start
        """Its time (ns)."""
        self.moment: Moment | None = None
        """That command, if it was applied and not jumped over."""
        chain = GENESIS
        if station is not None:
            self.service.restore(station.state())
            self.number, self.time, chain = station.number, station.time, station.chain
        self._groups = self.recording.groups(self.number, chain)
        self._group: Group | None = None
        self._ahead: deque[Record] = deque()

    # --- forwards

    @property
    def at_end(self) -> bool:
        """Whether there is nothing more to play."""
        return self.number >= self.recording.last

    def next_time(self) -> int | None:
        """Time (ns) of the next command; None at the end."""
        return self._ahead[0][0] if self._load() else None

    def step(self) -> Moment | None:
        """Apply the next command; None at the end.

        Raises:
            JournalCorrupt: the commands do not lead to where they led when they were recorded.
        """
        if not self._load():
            return None
        now, command = self._ahead.popleft()
        events = self.service.submit(command, now)
        self.number, self.time = self.number + 1, now
        self.moment = Moment(self.number, now, command, events)
        if not self._ahead:
            self._arrive()
        self.on_moment(self.moment)
        return self.moment

    def _load(self) -> bool:
        """See to it that there is a next command; False at the end."""
        if not self._ahead:
            self._group = next(self._groups, None)
            if self._group is None:
                return False
            self._ahead.extend(self._group.decode())
        return True

    def _arrive(self) -> None:
        """At the end of a group: check it, and keep a station when it is time."""
        group = self._group
        assert group is not None  # noqa: S101 - its last command was just applied
        if self.service.sequence != group.sequence:
            raise JournalCorrupt(
                f"{self.recording.reader.path}: command {group.last} leads to event {self.service.sequence}, but led to"
                f" {group.sequence} when it was written: another version of the engine wrote it"
            )
        at = bisect_left(self._stations, self.number, key=_number)
        before = self._stations[at - 1].number if at else 0
        if self.number - before < self._spacing or (
            at < len(self._stations) and self._stations[at].number - self.number < self._spacing
        ):
            return
        self._stations.insert(at, Station.of(self.number, self.time, group.chain, self.service.snapshot_state()))
        if sum(len(station.packed) for station in self._stations) > STATION_BYTES:
            self._spacing *= 2
            del self._stations[::2]

    # --- winding

    def seek(self, number: int) -> Winding:
        """Be after command ``number``, or at the nearest end."""
        number = max(0, min(number, self.recording.last))
        station = self._station_before(number + 1)
        nearer = station is not None and station.number > self.number
        if number < self.number or nearer:
            self._enter(station)
        while self.number < number:
            for _ in range(min(SLICE, number - self.number)):
                self.step()
            yield
        return True

    def forward_to(self, wanted: Wanted) -> Winding:
        """Play until such an event has happened; else be at the end."""
        while not self.at_end:
            for _ in range(SLICE):
                moment = self.step()
                if moment is None or any(map(wanted, moment.events)):
                    return moment is not None
            yield
        return False

    def back_to(self, wanted: Wanted) -> Winding:
        """Be where such an event had last happened before now; else at the beginning."""
        end = self.number - 1
        while end > 0:
            station = self._station_before(end)
            begin = station.number if station is not None else 0
            self._enter(station)
            found = 0
            while self.number < end:
                for _ in range(min(SLICE, end - self.number)):
                    moment = self.step()
                    if moment is not None and any(map(wanted, moment.events)):
                        found = moment.number
                yield
            if found:
                yield from self.seek(found)
                return True
            end = begin
        self._enter(None)
        return False

    def _station_before(self, number: int) -> Station | None:
        """The last station before command ``number``."""
        at = bisect_left(self._stations, number, key=_number)
        return self._stations[at - 1] if at else None


def _number(station: Station) -> int:
    return station.number


def wind(winding: Winding) -> bool:
    """Do all the work at once; whether what was looked for was found."""
    while True:
        try:
            next(winding)
        except StopIteration as done:
            return bool(done.value)

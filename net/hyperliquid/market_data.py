"""The connector's market data: the newest of each market and view, with a version and a notifier each.

``consume`` takes from the handler's bounded channel and never waits for a reader; a reader that never reads costs one
value, one that reads late gets the newest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from net.cache import Entry, LatestValueCache
from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.book_view import Layers
from net.hyperliquid.subscriptions import AnySubscription

TAPE_LENGTH: Final = 200
_REMEMBERED_PRINTS: Final = 4_096


class LinkState(Enum):
    """Whether the handler has a connection."""

    RECONNECTING = "reconnecting"
    CONNECTED = "connected"


class Received(msgspec.Struct, frozen=True):
    """A frame of the venue and when it came in (ns)."""

    frame: wire.ServerFrame
    at: int


class LinkChanged(msgspec.Struct, frozen=True):
    """The connection came or went."""

    state: LinkState


class StreamStale(msgspec.Struct, frozen=True):
    """A stream has been silent for longer than it may."""

    subscription: AnySubscription


class StreamRefused(msgspec.Struct, frozen=True):
    """The venue does not know what was subscribed."""

    subscription: AnySubscription


Notice: TypeAlias = Received | LinkChanged | StreamStale | StreamRefused
Channel: TypeAlias = asyncio.Queue[Notice]


class MarketState(Enum):
    """What to tell a person about a market."""

    LIVE = "live"
    STALE = "stale"
    RECONNECTING = "reconnecting"
    UNKNOWN_NAME = "unknown name"
    NOT_FOLLOWED = "not followed"
    """Nobody looks at the venue: the console was started without it."""


class View(Enum):
    """The separately versioned parts of one market."""

    BOOK = "book"
    TAPE = "tape"
    STATE = "state"


class Tape(msgspec.Struct, frozen=True):
    """The newest prints of a market, newest last; ``count`` is how many there ever were."""

    prints: tuple[wire.Print, ...]
    count: int


class MarketDataCache:
    """Layers, tape and state of each market by wire name."""

    def __init__(self) -> None:
        self._books: LatestValueCache[str, Layers] = LatestValueCache()
        self._tapes: LatestValueCache[str, Tape] = LatestValueCache()
        self._states: LatestValueCache[str, MarketState] = LatestValueCache()
        self._remembered: dict[str, tuple[deque[tuple[int, int]], set[tuple[int, int]]]] = {}
        self.frames = 0
        """Frames taken in so far."""

    def book(self, coin: str) -> Entry[Layers]:
        """Newest book layers of a market and their notifier."""
        return self._books.entry(coin)

    def tape(self, coin: str) -> Entry[Tape]:
        """Newest prints of a market and their notifier."""
        return self._tapes.entry(coin)

    def state(self, coin: str) -> Entry[MarketState]:
        """State of a market and its notifier."""
        entry = self._states.entry(coin)
        if entry.value is None:
            entry.put(MarketState.RECONNECTING)
        return entry

    async def consume(self, channel: Channel) -> None:
        """Take everything the handler sends, until cancelled."""
        while True:
            self.apply(await channel.get())

    def apply(self, notice: Notice) -> None:
        """Take one notice."""
        match notice:
            case Received(frame=frame, at=at):
                self.frames += 1
                self._apply_frame(frame, at)
            case LinkChanged(state=LinkState.RECONNECTING):
                for coin, state in list(self._states.items()):
                    if state is not MarketState.UNKNOWN_NAME:
                        self._set_state(coin, MarketState.RECONNECTING)
            case StreamStale(subscription=subs.L2Book(coin=coin)):
                self._set_state(coin, MarketState.STALE)
            case StreamRefused(subscription=subs.L2Book(coin=coin)):
                self._set_state(coin, MarketState.UNKNOWN_NAME)
            case _:
                pass

    def _apply_frame(self, frame: wire.ServerFrame, at: int) -> None:
        match frame:
            case wire.BookFrame(data=book):
                layers = (self._books.get(book.coin) or Layers()).with_book(book, at)
                self._set_state(book.coin, MarketState.LIVE)  # best prices alone do not make a market live
                self._put_book(book.coin, layers)
            case wire.BboFrame(data=best):
                layers = (self._books.get(best.coin) or Layers()).with_best(best, at)
                self._put_book(best.coin, layers)
            case wire.TradesFrame(data=prints) if prints:
                self._put_prints(prints[0].coin, prints)
            case _:
                pass

    def _put_book(self, coin: str, layers: Layers | None) -> None:
        if layers is not None:
            self._books.put(coin, layers)

    def _put_prints(self, coin: str, prints: list[wire.Print]) -> None:
        """Add prints that were not seen yet: after a reconnect the venue repeats about thirty, unmarked."""
        order, known = self._remembered.setdefault(coin, (deque(), set()))
        fresh = []
        for print_ in sorted(prints, key=lambda each: (each.time, each.tid)):
            key = (print_.time, print_.tid)
            if key not in known:
                known.add(key)
                order.append(key)
                fresh.append(print_)
        while len(order) > _REMEMBERED_PRINTS:
            known.discard(order.popleft())
        if fresh:
            tape = self._tapes.get(coin) or Tape((), 0)
            self._tapes.put(coin, Tape((*tape.prints, *fresh)[-TAPE_LENGTH:], tape.count + len(fresh)))

    def _set_state(self, coin: str, state: MarketState) -> None:
        if self._states.get(coin) is not state:
            self._states.put(coin, state)

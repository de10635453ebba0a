"""What waits for the consumer of a client, bounded whatever the consumer does.

Three lanes, merged again in the order of arrival:

* **latest value**: of books, quotes, snapshots and statuses only the newest one per type and instrument waits; deltas
  of one book are merged into one delta. Its size is bounded by the number of instruments.
* **tape**: public prints, placed orders and decisions; past the bound the oldest are dropped and counted.
* **kept**: private messages and everything else; never dropped. When the lane is full the connection must stop
  feeding it (``full``), and come back once the consumer caught up (``room``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from typing import TypeAlias

import msgspec

from net import messages as m


class ConnectionState(Enum):
    """Where a client's connection stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


class ConnectionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Local message: the connection entered another state, and why."""

    state: ConnectionState
    reason: str = ""
    attempt: int = 0
    """How many attempts in a row have failed."""
    retry_in_s: float | None = None
    epoch: str = ""
    new_epoch: bool = False
    """The exchange started over: nothing known of it before holds any more."""


class AccountLost(msgspec.Struct, frozen=True, kw_only=True):
    """Local message: after a reconnect the exchange would not give an account back."""

    agent_id: str
    reason: str


Push: TypeAlias = m.AnyServerMessage | ConnectionChanged | AccountLost
"""Whatever ``Client.messages`` may yield."""

_LATEST_WHOLE = frozenset((m.OrderBooks, m.AgentsSnapshot, m.Instruments, m.Performance, m.EngineStatus))
_TAPE = frozenset((m.TradePrint, m.OrderPlaced, m.Decision))


class _Slot:
    """A place in the latest-value lane; what it holds may be replaced while it waits."""

    __slots__ = ("arrival", "key", "message")

    def __init__(self, arrival: int, key: tuple[type, int], message: Push) -> None:
        self.arrival = arrival
        self.key = key
        self.message = message


class Inbox:
    """Bounded, conflating queue with one consumer. O(1) for each message put and got."""

    def __init__(self, *, kept_limit: int = 10_000, tape_limit: int = 10_000) -> None:
        self._kept_limit = kept_limit
        self._latest: deque[_Slot] = deque()
        self._slots: dict[tuple[type, int], _Slot] = {}
        self._tape: deque[tuple[int, Push]] = deque(maxlen=tape_limit)
        self._kept: deque[tuple[int, Push]] = deque()
        self._arrivals = 0
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False
        self._consumed = False
        self.dropped = 0
        """Messages of the tape (and, without a consumer, others) that gave way to newer ones."""
        self.conflated = 0
        """Market data messages that a newer one replaced before they were read."""

    def __len__(self) -> int:
        return len(self._latest) + len(self._tape) + len(self._kept)

    @property
    def consumed(self) -> bool:
        """Somebody reads. Else the oldest kept messages give way, since nobody waits for them."""
        return self._consumed

    @consumed.setter
    def consumed(self, consumed: bool) -> None:
        self._consumed = consumed
        if not consumed:
            self._room.set()

    @property
    def full(self) -> bool:
        """Whether a kept message has no room: the consumer fell too far behind."""
        return self._consumed and len(self._kept) >= self._kept_limit

    def put(self, message: Push) -> None:
        """Queue one message in its lane and wake the consumer."""
        self._arrivals += 1
        if type(message) in _TAPE:
            self.dropped += len(self._tape) == self._tape.maxlen
            self._tape.append((self._arrivals, message))
        elif (key := _conflation_key(message)) is not None:
            self._put_latest(key, message)
        else:
            self._put_kept(message)
        self._ready.set()

    def _put_latest(self, key: tuple[type, int], message: Push) -> None:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = _Slot(self._arrivals, key, message)
            self._latest.append(slot)
            return
        self.conflated += 1
        slot.message = _merged(slot.message, message)

    def _put_kept(self, message: Push) -> None:
        if not self._consumed and len(self._kept) >= self._kept_limit:
            self._kept.popleft()
            self.dropped += 1
        self._kept.append((self._arrivals, message))
        if self._consumed and len(self._kept) > self._kept_limit // 2:
            self._room.clear()

    async def get(self) -> Push | None:
        """Wait for the next message; None once the inbox is closed and empty."""
        while not (self._latest or self._tape or self._kept):
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._pop()

    def _pop(self) -> Push:
        first = self._latest[0].arrival if self._latest else self._arrivals + 1
        for lane in (self._kept, self._tape):
            if lane and lane[0][0] < first:
                first = lane[0][0]
        if self._kept and self._kept[0][0] == first:
            message = self._kept.popleft()[1]
            if len(self._kept) <= self._kept_limit // 2:
                self._room.set()
            return message
        if self._tape and self._tape[0][0] == first:
            return self._tape.popleft()[1]
        slot = self._latest.popleft()
        del self._slots[slot.key]
        return slot.message

    async def room(self) -> None:
        """Wait until the consumer, if there is one, has read at least half of a full kept lane."""
        await self._room.wait()

    def close(self) -> None:
        """Let the consumer read what is left, and then end."""
        self._closed = True
        self._ready.set()
        self._room.set()


def _conflation_key(message: Push) -> tuple[type, int] | None:
    kind = type(message)
    if kind in _LATEST_WHOLE:
        return kind, 0
    if isinstance(message, m.BookDelta | m.Bbo | m.InstrumentStatusChange):
        return kind, message.data.symbol_id
    return None


def _merged(old: Push, new: Push) -> Push:
    """What an unread message and its successor say together."""
    if isinstance(old, m.OrderBooks) and isinstance(new, m.OrderBooks):
        return m.OrderBooks(data={**old.data, **new.data}, sequence=new.sequence, timestamp=new.timestamp)
    if isinstance(old, m.BookDelta) and isinstance(new, m.BookDelta):
        return merge_deltas(old, new)
    return new


def merge_deltas(old: m.BookDelta, new: m.BookDelta) -> m.BookDelta:
    """Join two consecutive deltas of one book into one.

    When something is missing between them the newer one is returned alone: whoever applies it sees the gap.
    """
    if new.data.previous_sequence != old.data.sequence:
        return new
    return m.BookDelta(
        data=m.BookDeltaShape(
            symbol_id=new.data.symbol_id,
            sequence=new.data.sequence,
            previous_sequence=old.data.previous_sequence,
            bids=_merge_levels(old.data.bids, new.data.bids),
            asks=_merge_levels(old.data.asks, new.data.asks),
            checksum=new.data.checksum,
            timestamp=new.data.timestamp,
            indicative_price=new.data.indicative_price,
            indicative_quantity=new.data.indicative_quantity,
        )
    )


def _merge_levels(
    old: list[tuple[float, float, int]], new: list[tuple[float, float, int]]
) -> list[tuple[float, float, int]]:
    by_price = {level[0]: level for level in old}
    by_price.update((level[0], level) for level in new)
    return list(by_price.values())

"""The newest events of the engine, kept for subscribers that come later, fall behind or come back.

A subscriber is a cursor into the ring: there is no queue for each of them. What one does not take in time is
overwritten, and it is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from engine.events import AnyEvent
from net.engine_protocol import EventBatch

_encoder = msgspec.json.Encoder()


class EventRing:
    """Batches of events by number, the oldest overwritten; each is encoded once, when first read.

    ``append`` costs O(1), ``find`` O(log n). Batches count from 0 and keep their number for ever.
    """

    def __init__(self, epoch: str, sequence: int, *, max_batches: int = 1 << 17, max_events: int = 200_000) -> None:
        self.epoch = epoch
        self.sequence = sequence
        """Number of the last event appended."""
        self.first = 0
        """Oldest batch still kept."""
        self.next = 0
        """Number the next batch gets."""
        self._mask = max_batches - 1
        if max_batches & self._mask:
            msg = "max_batches must be a power of two"
            raise ValueError(msg)
        self._max_events = max_events
        self.oldest_sequence = sequence + 1
        """Number of the oldest event still kept, or of the next one while none is."""
        self._batches: list[EventBatch | bytes | None] = [None] * max_batches
        self._last_sequences = [0] * max_batches

    @classmethod
    def after(
        cls, sequence: int, past: Sequence[tuple[int, list[AnyEvent]]], epoch: str, *, max_events: int
    ) -> EventRing:
        """A ring whose last event is number ``sequence``, filled with the ``past``: times and events of commands."""
        ring = cls(epoch, sequence - sum(len(events) for _, events in past), max_events=max_events)
        for time, events in past:
            ring.append(time, events)
        return ring

    def append(self, time: int, events: list[AnyEvent]) -> None:
        """Add all events of one command, which must be numbered on from the last ones."""
        number = self.next
        if number - self.first > self._mask:
            self._drop_oldest()
        slot = number & self._mask
        sequence = self.sequence
        self._batches[slot] = EventBatch(epoch=self.epoch, first_sequence=sequence + 1, time=time, events=tuple(events))
        self._last_sequences[slot] = self.sequence = sequence = sequence + len(events)
        self.next = number + 1
        while sequence - self.oldest_sequence >= self._max_events and self.first < number:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        slot = self.first & self._mask
        self.oldest_sequence = self._last_sequences[slot] + 1
        self._batches[slot] = None
        self.first += 1

    def find(self, sequence: int) -> int | None:
        """Number of the batch that holds or will hold event ``sequence``; None when it is not kept or not near."""
        if not self.oldest_sequence <= sequence <= self.sequence + 1:
            return None
        low, high = self.first, self.next
        while low < high:
            middle = (low + high) // 2
            if self._last_sequences[middle & self._mask] < sequence:
                low = middle + 1
            else:
                high = middle
        return low

    def lines(self, start: int, end: int) -> Iterator[bytes]:
        """Encoded batches ``start`` up to but not including ``end``."""
        for number in range(start, end):
            slot = number & self._mask
            batch = self._batches[slot]
            if isinstance(batch, EventBatch):
                batch = _encoder.encode(batch) + b"\n"
                self._batches[slot] = batch
            if batch is not None:
                yield batch

"""Headlines, and what the price did after each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from net.messages import NewsShape

REACTION_MS = (10_000, 60_000)
"""How long after a headline its price reaction is read."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One headline; ``before`` is the instrument's mid (in half ticks) when it came, reactions are fractions."""

    shape: NewsShape
    before: int | None = None
    reactions: tuple[float | None, ...] = (None,) * len(REACTION_MS)


class News:
    """Newest first; bounded."""

    def __init__(self, limit: int = 200) -> None:
        self._items: deque[Headline] = deque(maxlen=limit)
        self._ids: set[int] = set()
        self.loaded = False
        self.version = 0

    def __iter__(self) -> Iterator[Headline]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def load(self, newest_first: Iterable[NewsShape]) -> None:
        """Take the history."""
        for shape in sorted(newest_first, key=lambda item: item.id):
            self.add(shape, None)
        self.loaded = True
        self.version += 1

    def add(self, shape: NewsShape, before: int | None) -> bool:
        """Take one headline; False when it was known."""
        if shape.id in self._ids:
            return False
        if len(self._items) == self._items.maxlen:
            self._ids.discard(self._items[-1].shape.id)
        self._ids.add(shape.id)
        self._items.appendleft(Headline(shape, before))
        self.version += 1
        return True

    def react(self, now_ms: int, mid2_of: Callable[[int], int | None]) -> None:
        """Read the price reaction of headlines that are old enough."""
        for index, item in enumerate(self._items):
            if item.before is None or item.shape.instrument_id is None or None not in item.reactions:
                continue
            mid2 = mid2_of(item.shape.instrument_id)
            age = now_ms - item.shape.created_at
            due = tuple(
                old if old is not None or mid2 is None or age < wait else mid2 / item.before - 1
                for old, wait in zip(item.reactions, REACTION_MS, strict=True)
            )
            if due != item.reactions:
                self._items[index] = replace(item, reactions=due)
                self.version += 1

"""The latest value of each key, with a version and a notifier: writers never wait, readers never see a backlog.

A reader names the version it has seen and waits for a later one; it gets the newest, however many were put in between
(conflation). An entry comes into being when somebody first asks for its key or puts it, so that a reader may be there
before the first value; comparing versions before each wait means that no wake-up can be lost. Entries stay as long as
the cache, so keys should be few (instruments, markets). All of it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Entry(Generic[V]):
    """Newest value of one key, None where there is none. ``version`` counts the changes and never goes back."""

    __slots__ = ("_changed", "value", "version")

    def __init__(self) -> None:
        self.value: V | None = None
        self.version = 0
        self._changed: asyncio.Event | None = None

    def put(self, value: V | None) -> int:
        """Replace the value (None takes it away), wake everybody who waits, and return the new version."""
        self.value = value
        self.version += 1
        if self._changed is not None:
            # Whoever waits holds on to this very event; later waiters get one of their own.
            self._changed.set()
            self._changed = None
        return self.version

    async def newer(self, seen: int) -> tuple[V, int]:
        """Wait until there is a value with ``version > seen``, then return it with its version."""
        while self.version <= seen or self.value is None:
            if self._changed is None:
                self._changed = asyncio.Event()
            await self._changed.wait()
        return self.value, self.version


class Reader(Generic[K, V]):
    """Follows some keys, or all: collects which changed since it last took them.

    It holds one mark a key at most, so a reader that never takes costs a bounded amount of memory.
    """

    def __init__(self, cache: LatestValueCache[K, V], keys: frozenset[K] | None) -> None:
        self._cache = cache
        self._keys = keys
        self._dirty: set[K] = set()
        self._woken: asyncio.Event | None = None

    def mark(self, key: K) -> None:
        """Note that ``key`` changed; called by the cache."""
        if self._keys is None or key in self._keys:
            self._dirty.add(key)
            if self._woken is not None:
                self._woken.set()
                self._woken = None

    def take(self) -> set[K]:
        """The keys that changed since the last call."""
        dirty, self._dirty = self._dirty, set()
        return dirty

    async def changed(self) -> set[K]:
        """Wait until some key changed, then take all that did."""
        while not self._dirty:
            if self._woken is None:
                self._woken = asyncio.Event()
            await self._woken.wait()
        return self.take()

    def close(self) -> None:
        """Follow nothing any more."""
        self._cache.forget(self)


class LatestValueCache(Generic[K, V]):
    """Entries by key."""

    def __init__(self) -> None:
        self._entries: dict[K, Entry[V]] = {}
        self._readers: list[Reader[K, V]] = []

    def entry(self, key: K) -> Entry[V]:
        """The entry of ``key``, made now if it is new."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry()
        return entry

    def put(self, key: K, value: V | None) -> int:
        """Replace the value of ``key`` (None takes it away) and return its new version."""
        version = (self._entries.get(key) or self.entry(key)).put(value)
        for reader in self._readers:
            reader.mark(key)
        return version

    def get(self, key: K) -> V | None:
        """The newest value of ``key``, or None before the first."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def version(self, key: K) -> int:
        """How often ``key`` was put."""
        entry = self._entries.get(key)
        return 0 if entry is None else entry.version

    def items(self) -> Iterator[tuple[K, V]]:
        """All keys that have a value."""
        for key, entry in self._entries.items():
            if entry.value is not None:
                yield key, entry.value

    def discard(self, key: K) -> None:
        """Take the value of ``key`` away. The entry stays, so that nobody who waits for the next value misses it."""
        if self.get(key) is not None:
            self.put(key, None)

    def read(self, keys: Iterable[K] | None = None) -> Reader[K, V]:
        """Follow ``keys`` (None: all, also those to come), starting with every value that is there now."""
        chosen = None if keys is None else frozenset(keys)
        for key in chosen or ():
            self.entry(key)
        reader = Reader(self, chosen)
        self._readers.append(reader)
        for key, entry in self._entries.items():
            if entry.value is not None:
                reader.mark(key)
        return reader

    def forget(self, reader: Reader[K, V]) -> None:
        """Stop telling ``reader``."""
        if reader in self._readers:
            self._readers.remove(reader)

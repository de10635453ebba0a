"""The engine's queue: bounded in all, in order for each connection, and in turns between them."""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar


class Peer(Protocol):
    """Who asks."""

    @property
    def writable(self) -> bool:
        """Whether it takes more answers now."""


P = TypeVar("P", bound=Peer)
T = TypeVar("T")


class FairQueue(Generic[P, T]):
    """Requests by connection. One that sends many waits behind its own, the others do not.

    Requests of a peer that reads no answers stay where they are.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._size = 0
        self._waiting: dict[P, deque[_Arrival[T]]] = {}
        self._turns: deque[P] = deque()
        """Every peer with requests waiting, the next one first."""

    def __len__(self) -> int:
        return self._size

    def add(self, peer: P, requests: list[T], time: int) -> list[T]:
        """Queue requests that arrived together at ``time``; returns the last of them, for which there is no room."""
        room = self.capacity - self._size
        refused = requests[room:]
        if refused:
            del requests[room:]
        if requests:
            waiting = self._waiting.get(peer)
            if waiting is None:
                waiting = self._waiting[peer] = deque()
                self._turns.append(peer)
            waiting.append(_Arrival(requests, time))
            self._size += len(requests)
        return refused

    def take(self, most: int, *, also_unwritable: bool = False) -> tuple[P, list[T], int] | None:
        """The next requests of the next peer, at most so many, with the time when they arrived."""
        turns = self._turns
        for _ in range(len(turns)):
            peer = turns[0]
            turns.rotate(-1)
            if peer.writable or also_unwritable:
                return self._take_from(peer, most)
        return None

    def _take_from(self, peer: P, most: int) -> tuple[P, list[T], int]:
        waiting = self._waiting[peer]
        arrival = waiting[0]
        requests = arrival.take(most)
        self._size -= len(requests)
        if arrival.empty:
            waiting.popleft()
            if not waiting:
                del self._waiting[peer]
                self._turns.remove(peer)
        return peer, requests, arrival.time

    def put_back(self, peer: P, requests: list[T], time: int) -> None:
        """Give back the last of what was taken: the first of its peer again, whose turn is the last."""
        waiting = self._waiting.get(peer)
        if waiting is None:
            waiting = self._waiting[peer] = deque()
            self._turns.append(peer)
        waiting.appendleft(_Arrival(requests, time))
        self._size += len(requests)

    def drop(self, peer: P) -> int:
        """Forget what a peer asked; returns how many requests that were."""
        waiting = self._waiting.pop(peer, None)
        if waiting is None:
            return 0
        self._turns.remove(peer)
        count = sum(len(arrival) for arrival in waiting)
        self._size -= count
        return count


class _Arrival(Generic[T]):
    """Requests that arrived together, and how many of them were taken."""

    __slots__ = ("_requests", "_taken", "time")

    def __init__(self, requests: list[T], time: int) -> None:
        self.time = time
        self._requests = requests
        self._taken = 0

    def __len__(self) -> int:
        return len(self._requests) - self._taken

    @property
    def empty(self) -> bool:
        return self._taken == len(self._requests)

    def take(self, most: int) -> list[T]:
        start = self._taken
        self._taken = min(start + most, len(self._requests))
        return self._requests[start : self._taken]

"""When what was gathered for clients is written: one system call a client and turn of the loop, fewer under load.

Answers leave at the end of the turn that made them. Pushes do so too while few clients get any. When a turn has some
for many, the exchange is busy: they wait up to ``COMPANY_S`` for the next answer to the same client, and go with it.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

FEW: Final = 4
"""Clients with pushes in one turn that are still written to at once."""

COMPANY_S: Final = 0.004
"""How long pushes may wait for an answer to go with."""


class Gathering(Protocol):
    """A client for whom something was gathered."""

    def write_out(self) -> None:
        """Write it."""


class Outgoing:
    """The clients of one server for whom something was gathered.

    It is also the context of work that makes answers: what is gathered there is written at its end, without another
    turn of the loop.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._now: dict[Gathering, None] = {}
        self._soon: dict[Gathering, None] = {}
        self._ending = False
        self._timer: asyncio.TimerHandle | None = None

    def now(self, client: Gathering) -> None:
        """Write to ``client`` at the end of this turn."""
        self._now[client] = None
        self._end_turn()

    def soon(self, client: Gathering) -> None:
        """Write to ``client`` at the end of this turn or, under load, a little later."""
        self._soon[client] = None
        self._end_turn()

    def __enter__(self) -> None:
        self._ending = True

    def __exit__(self, *_: object) -> None:
        self._turn_ended()

    def _end_turn(self) -> None:
        if not self._ending:
            self._ending = True
            self._loop.call_soon(self._turn_ended)

    def _turn_ended(self) -> None:
        self._ending = False
        due, self._now = self._now, {}
        for client in due:
            self._soon.pop(client, None)
            client.write_out()
        if len(self._soon) <= FEW:
            self._write_soon()
        elif self._timer is None:
            self._timer = self._loop.call_later(COMPANY_S, self._write_soon)

    def _write_soon(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due, self._soon = self._soon, {}
        for client in due:
            client.write_out()

"""The pool of links to the engine: which one a request takes, and keeping enough of them alive."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractContextManager

from engine.types import AccountId, RejectCode
from net import engine_protocol as wire
from net.backoff import Backoff
from net.engine_link import EngineLink
from net.engine_protocol import Reply
from net.errors import EngineUnavailable

CLOSE_GRACE_S = 1.0
HARD_LIMIT = 8
"""Times ``max_in_flight`` that one link may carry when no further link may be opened; then it is ``queue_full``."""

TOO_MANY = Reply(id=0, code=RejectCode.QUEUE_FULL, message="too many requests are under way")
"""The answer to a request for which no link has room."""


class EnginePool:
    """Links to one engine. See ``EngineClient`` for the arguments."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connections: int,
        max_connections: int,
        max_in_flight: int,
        deadline_s: float,
        quiet_s: float,
        idle_close_s: float,
        on_connected: Callable[[bool], None],
        together: AbstractContextManager[object],
        rng: random.Random,
    ) -> None:
        self._host = host
        self._port = port
        self._wanted = connections
        self._max_connections = max_connections
        self._max_in_flight = max_in_flight
        self._deadline_s = deadline_s
        self._quiet_s = quiet_s
        self._idle_close_s = idle_close_s
        self._on_connected = on_connected
        self._together = together
        self._backoff = Backoff(rng)
        self._links: list[EngineLink] = []
        self._routes: dict[AccountId, tuple[EngineLink, int]] = {}
        self._wake = asyncio.Event()
        self._connected = asyncio.Event()
        self._dropped = False
        """Whether the engine took a link and ended it without a word: it has more than it serves."""
        self._maintenance: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a link."""
        return bool(self._links)

    @property
    def size(self) -> int:
        """Links that are open."""
        return len(self._links)

    async def wait_connected(self) -> None:
        """Wait for a link."""
        await self._connected.wait()

    async def start(self) -> None:
        """Try to connect once, then keep the pool in the background."""
        await self._grow()
        self._maintenance = asyncio.create_task(self._maintain(), name="engine pool")

    async def close(self) -> None:
        """Close all links."""
        if self._maintenance is not None:
            self._maintenance.cancel()
            await asyncio.gather(self._maintenance, return_exceptions=True)
            self._maintenance = None
        await asyncio.gather(*(link.close(CLOSE_GRACE_S) for link in self._links))

    async def request(self, make: Callable[[int], wire.AnyRequest], account: AccountId | None) -> Reply:
        """Send what ``make`` makes for a request id, over the link on which ``account`` has requests under way."""
        link = self.link(account)
        return TOO_MANY if link is None else await link.request(make(link.next_id()), account)

    def link(self, account: AccountId | None) -> EngineLink | None:
        """The link for one more request of ``account``, which must be asked there; None when they have too many.

        Raises:
            EngineUnavailable: there is no link.
        """
        route = None if account is None else self._routes.get(account)
        link, under_way = route or (self._busiest_with_room(), 0)
        in_flight = len(link.pending)
        if in_flight >= self._max_in_flight:
            self._want_more()
            if in_flight >= self._max_in_flight * HARD_LIMIT:
                return None
        if account is not None:
            self._routes[account] = (link, under_way + 1)
        return link

    def _leave_route(self, account: AccountId, link: EngineLink) -> None:
        route = self._routes.pop(account, None)
        if route is None:
            return
        current, under_way = route
        if current is not link:
            self._routes[account] = route
        elif under_way > 1:
            self._routes[account] = (link, under_way - 1)

    def _busiest_with_room(self) -> EngineLink:
        """Fill one link before the next is used: requests that leave together cost one system call."""
        if not self._links:
            raise EngineUnavailable(f"there is no link to the engine at {self._host}:{self._port}")
        for link in self._links:
            if len(link.pending) < self._max_in_flight:
                return link
        return min(self._links, key=lambda link: len(link.pending))

    def _want_more(self) -> None:
        if self._wanted == len(self._links) < self._max_connections:
            self._wanted += 1
            self._wake.set()

    async def _maintain(self) -> None:
        while True:
            if len(self._links) >= self._wanted or not await self._grow():
                delay = self._quiet_s if self._links else self._backoff.next_delay_s()
                try:
                    async with asyncio.timeout(delay):
                        await self._wake.wait()
                except TimeoutError:
                    pass
            self._wake.clear()
            if self._dropped:
                await asyncio.sleep(self._backoff.next_delay_s())
            elif any(link.answered for link in self._links):
                self._backoff.reset()
            self._dropped = False
            self._close_idle()
            for link in self._links:
                link.check_health(self._quiet_s)

    async def _grow(self) -> bool:
        """Open the links that are missing, trying once for each; False when one could not be opened."""
        loop = asyncio.get_running_loop()

        def link_made() -> EngineLink:
            return EngineLink(self._deadline_s, self._lost, self._leave_route, self._together)

        for _ in range(self._wanted - len(self._links)):
            try:
                async with asyncio.timeout(self._deadline_s):
                    _, link = await loop.create_connection(link_made, self._host, self._port)
            except (OSError, TimeoutError):
                return False
            if link.transport is None:
                return False
            self._links.append(link)
            if len(self._links) == 1:
                self._connected.set()
                self._on_connected(True)
        return True

    def _lost(self, link: EngineLink) -> None:
        for account in [account for account, route in self._routes.items() if route[0] is link]:
            del self._routes[account]
        if link in self._links:
            self._dropped = self._dropped or not link.answered
            self._links.remove(link)
            self._wake.set()
            if not self._links:
                self._connected.clear()
                self._on_connected(False)

    def _close_idle(self) -> None:
        """Close one link that nobody used for a while, never the last one."""
        if len(self._links) < 2:
            return
        link = min(self._links, key=lambda link: link.used_at)
        if not link.pending and link.loop.time() - link.used_at >= self._idle_close_s:
            self._wanted = max(1, len(self._links) - 1)
            link.abort()

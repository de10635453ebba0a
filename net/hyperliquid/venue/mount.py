"""The venue behind the gateway: below ``/hl`` on the gateway's port, and on a port of its own if one is named.

Until somebody asks for it, or it was given accounts or a port, it is neither loaded nor does it follow the engine, so
that a gateway without Hyperliquid clients pays nothing for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from websockets.http11 import Request

from net.gateway.auth import OriginPolicy
from net.gateway.connection import Connection, Handler
from net.gateway.engine import Engine
from net.hyperliquid.venue.config import VenueConfig

if TYPE_CHECKING:
    from net.hyperliquid.venue.app import VenueApp
    from net.hyperliquid.venue.venue import Venue

PREFIX: Final = "/hl"
_FIRST_ANSWER_S: Final = 5.0
"""How long the first requests wait for the venue to be loaded."""

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
RunTask = Callable[[Coroutine[object, object, None], str], None]


class VenueMount:
    """The gateway's handle on the venue.

    Args:
        run_task: runs a task of the gateway's own for as long as the gateway runs.

    Raises:
        StartupError: an account of the configuration is none.
    """

    def __init__(
        self, config: VenueConfig, engine: Engine, data_dir: Path, origins: OriginPolicy, run_task: RunTask
    ) -> None:
        self._config = config
        self._engine = engine
        self._data_dir = data_dir
        self._origins = origins
        self._run_task = run_task
        self._venue: Venue | None = None
        self._app: VenueApp | None = None
        if config.accounts:
            self._funded()

    def venue(self) -> Venue:
        """The venue, started now if it was not."""
        if self._venue is None:
            self._venue = self._make()
            self._run_task(self._venue.run(), "hyperliquid venue")
        return self._venue

    def accept(self, connection: Connection, request: Request) -> Handler:
        """A session for a WebSocket request below the prefix; raises ``Refusal``."""
        from net.hyperliquid.venue.server import accept

        return accept(self.venue(), connection, request, f"{PREFIX}/ws")

    def over(self, app: Asgi) -> Asgi:
        """``app`` with the venue below its prefix."""

        async def both(scope: Any, receive: Any, send: Any) -> None:
            ours = scope["type"] == "http" and str(scope["path"]).startswith(f"{PREFIX}/")
            await (self._http() if ours else app)(scope, receive, send)

        return both

    @asynccontextmanager
    async def own_port(self, host: str) -> AsyncIterator[int | None]:
        """Serve on the port of the configuration, if it names one, for as long as the context lasts."""
        if self._config.wanted:
            self.venue()
        if self._config.port is None:
            yield None
            return
        from net.hyperliquid.venue.server import serve_venue

        async with serve_venue(self.venue(), host, self._config.port, self._origins) as port:
            yield port

    def _http(self) -> Asgi:
        from net.hyperliquid.venue.app import VenueApp

        if self._app is None:
            self._app = VenueApp(self.venue(), allows=self._origins.allows, prefix=PREFIX)
        return _Patient(self._app, self.venue())

    def _make(self) -> Venue:
        from net.hyperliquid.venue.settings import VenueSettings
        from net.hyperliquid.venue.state import STATE_FILE, Store
        from net.hyperliquid.venue.venue import Venue

        settings = VenueSettings.of(self._config)
        return Venue(self._engine, store=Store(self._data_dir / STATE_FILE), settings=settings, funded=self._funded())

    def _funded(self) -> list[Any]:
        from net.hyperliquid.venue.funding import read_funding

        return [read_funding(account) for account in self._config.accounts]


class _Patient:
    """Lets the first requests wait until the venue knows the market."""

    def __init__(self, app: VenueApp, venue: Venue) -> None:
        self._app = app
        self._venue = venue

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_ANSWER_S):
                await self._venue.ready.wait()
        await self._app(scope, receive, send)

"""The engine's TCP door: an order-management system behind newline-delimited JSON."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

from engine.service import OrderBookService
from net.engine_connection import EngineConnection
from net.engine_pipeline import EnginePipeline
from net.engine_protocol import Durability
from net.errors import StartupError

QUEUE_CAPACITY = 65_536
KEPT_EVENTS = 200_000
"""Events kept for subscribers that come later or fall behind."""

CLOSE_TIMEOUT_S = 2.0


class EngineServer:
    """Serves one ``OrderBookService``. ``clock`` gives nanoseconds since the epoch.

    Use it as an async context manager, or call ``start`` and ``close``.
    """

    def __init__(
        self,
        service: OrderBookService,
        clock: Callable[[], int],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        epoch: str = "",
        queue_capacity: int = QUEUE_CAPACITY,
        kept_events: int = KEPT_EVENTS,
    ) -> None:
        self.host = host
        self.port = port
        """The port bound, once started."""
        self._service = service
        self._clock = clock
        self._epoch = epoch
        self._queue_capacity = queue_capacity
        self._kept_events = kept_events
        self._server: asyncio.Server | None = None
        self._connections: set[EngineConnection] = set()
        self.pipeline: EnginePipeline

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            StartupError: the address cannot be bound.
        """
        loop = asyncio.get_running_loop()
        self.pipeline = EnginePipeline(
            self._service,
            self._clock,
            epoch=self._epoch,
            durability=Durability.NONE,
            queue_capacity=self._queue_capacity,
            kept_events=self._kept_events,
            loop=loop,
        )
        try:
            self._server = await loop.create_server(
                lambda: EngineConnection(self.pipeline, self._connections), self.host, self.port
            )
        except OSError as error:
            raise StartupError(bind_failure(self.host, self.port, error)) from error
        self.port = self._server.sockets[0].getsockname()[1]
        self.pipeline.start()

    async def close(self) -> None:
        """Stop in order: no new connections, do and answer what is queued, close what is open."""
        if self._server is None:
            return
        self._server.close()
        self.pipeline.stop()
        for connection in tuple(self._connections):
            connection.close()
        for _ in range(int(CLOSE_TIMEOUT_S / 0.02)):
            if not self._connections:
                break
            await asyncio.sleep(0.02)
        for connection in tuple(self._connections):
            connection.abort()
        await self._server.wait_closed()
        self._server = None

    @property
    def subscribers(self) -> int:
        """Connections that receive events."""
        return len(self.pipeline.subscribers)

    async def __aenter__(self) -> EngineServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def bind_failure(host: str, port: int, error: OSError) -> str:
    """Say in one line why an address cannot be bound."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another, or stop what uses it"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs privileges: choose one above 1023"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"

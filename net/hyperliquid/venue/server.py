"""The venue on a port of its own, without the prefix that it has behind the gateway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState
from websockets.http11 import Request

from net.gateway.auth import OriginPolicy
from net.gateway.config import SessionLimits
from net.gateway.connection import Connection, Handler, Refusal
from net.gateway.outgoing import Outgoing
from net.gateway.serving import BACKLOG, Server, bind
from net.hyperliquid import refusals
from net.hyperliquid.venue.app import VenueApp
from net.hyperliquid.venue.stream_session import address_of
from net.hyperliquid.venue.venue import Venue

CONNECTIONS_MAX: Final = 10_000
_LIMITS: Final = SessionLimits(max_message_bytes=1 << 20)
_STOP_S: Final = 2


def accept(venue: Venue, connection: Connection, request: Request, path: str) -> Handler:
    """A stream session for a WebSocket request; raises ``Refusal`` for any other path than ``path``."""
    if request.path.partition("?")[0] != path:
        raise Refusal(404, f"the WebSocket is at {path}\n")
    if venue.streams.connections >= CONNECTIONS_MAX:
        raise Refusal(503, "no more connections are taken\n")
    limits = venue.streams.limits
    if limits is not None and not limits.opens(address_of(connection), asyncio.get_running_loop().time()):
        raise Refusal(429, f"{refusals.TOO_MANY_REQUESTS}\n")
    return venue.streams.accept(connection)


@asynccontextmanager
async def serve_venue(venue: Venue, host: str, port: int, origins: OriginPolicy | None = None) -> AsyncIterator[int]:
    """Serve for as long as the context lasts; gives the port, which is any free one for 0.

    Raises:
        StartupError: the port is in use.
    """
    policy = origins or OriginPolicy(host)

    def accept_here(connection: Connection, request: Request) -> Handler:
        if not policy.allows(request.headers.get("Host"), request.headers.get("Origin")):
            raise Refusal(403, "this origin is not allowed here\n")
        return accept(venue, connection, request, "/ws")

    outgoing = Outgoing()

    def open_websocket(config: uvicorn.Config, server_state: ServerState, **_: Any) -> Connection:
        return Connection(config, server_state, accept_here, _LIMITS, outgoing)

    listener = bind(host, port)
    config = uvicorn.Config(
        VenueApp(venue, allows=policy.allows),
        http="httptools",
        ws=open_websocket,  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=_STOP_S,
    )
    server = Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await server.listening.wait()
        yield listener.getsockname()[1]
    finally:
        server.refuse_new()
        server.should_exit = True
        await asyncio.wait([serving])

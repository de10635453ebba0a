"""The gateway process: one port for REST and WebSocket, caches behind it, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from net.engine_client import EngineClient
from net.errors import StartupError
from net.garbage import set_aside
from net.gateway.auth import token_file
from net.gateway.config import GatewayConfig
from net.gateway.connection import Connection
from net.gateway.engine import Engine
from net.gateway.gateway import Gateway
from net.gateway.http import GuardedHttp
from net.gateway.outgoing import Outgoing
from net.gateway.rest import rest_app
from net.gateway.serving import BACKLOG, Server, bind
from net.hyperliquid.venue.mount import Asgi, VenueMount
from net.logs import configure_logging
from net.process import Ready, prepare_data_dir, serve_until_stopped
from net.tokens import ADMIN_TOKEN_FILE, SERVICE_TOKEN_FILE

FIRST_LOAD_S = 10.0
"""How long the start waits for the engine's first snapshot before it serves without one."""

MAX_OPEN_FILES = 65_536
GC_THRESHOLDS = (50_000, 20, 50)
"""Of Python's collector: seldom, as little of what a gateway makes is cyclic."""


async def run_gateway(config: GatewayConfig) -> None:
    """Run until told to stop.

    Raises:
        StartupError: the port is in use, or the data directory cannot be written to.
    """
    prepare_data_dir(config.data_dir)
    configure_logging(config.data_dir, "gateway")
    raise_open_files()
    outgoing = Outgoing()
    async with (
        EngineClient(config.engine_host, config.engine_port, together=outgoing) as engine,
        serve(config, engine, outgoing) as server,
    ):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.gateway.feed.ready.wait(), FIRST_LOAD_S)
        set_aside(GC_THRESHOLDS)
        ready = Ready(ready="gateway", host=config.host, port=server.port)
        await serve_until_stopped(ready, supervised=config.supervised, failure=server.finished)


class GatewayServer:
    """A gateway that serves."""

    def __init__(self, gateway: Gateway, server: Server, port: int, finished: asyncio.Future[None]) -> None:
        self.gateway = gateway
        self._server = server
        self.port = port
        self.finished = finished
        """Done when the server ended by itself."""

    @property
    def connections(self) -> int:
        """Open connections of any kind, from their first byte."""
        return len(self._server.server_state.connections)


@asynccontextmanager
async def serve(
    config: GatewayConfig, engine: Engine, outgoing: Outgoing | None = None
) -> AsyncIterator[GatewayServer]:
    """Serve for as long as the context lasts; its end is orderly and takes a limited time.

    ``outgoing`` gathers what clients are sent; an engine client that enters it has its answers written at once.
    """
    admin_token = token_file(config.data_dir / ADMIN_TOKEN_FILE)
    service_token = token_file(config.data_dir / SERVICE_TOKEN_FILE)
    gateway = Gateway(config, engine, admin_token, service_token)
    mount = VenueMount(config.hyperliquid, engine, config.data_dir, gateway.origins, gateway.run_task)
    gateway.hyperliquid = mount
    app = mount.over(rest_app(gateway))
    server = Server(_loaded(_uvicorn_config(config, gateway, app, outgoing or Outgoing())))
    listener = bind(config.host, config.port)
    gateway.start()
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await server.listening.wait()
        async with mount.own_port(config.host):
            yield GatewayServer(gateway, server, listener.getsockname()[1], serving)
    finally:
        server.refuse_new()
        await gateway.stop()
        server.should_exit = True
        await asyncio.wait([serving])


def _loaded(config: uvicorn.Config) -> uvicorn.Config:
    """Read certificate and key now, where it can still be said what is wrong with them; raises ``StartupError``."""
    try:
        config.load()
    except OSError as error:  # ssl's errors are among them
        raise StartupError(f"the TLS certificate or key cannot be used: {error.strerror or error}") from error
    return config


def raise_open_files() -> None:
    """Permit as many open connections as the system does: its default suits a shell, not a server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _uvicorn_config(config: GatewayConfig, gateway: Gateway, app: Asgi, outgoing: Outgoing) -> uvicorn.Config:
    def open_websocket(config: uvicorn.Config, server_state: ServerState, **_: Any) -> Connection:
        return Connection(config, server_state, gateway.accept, gateway.config.limits, outgoing)

    def open_http(
        config: uvicorn.Config, server_state: ServerState, app_state: dict[str, Any], **_: Any
    ) -> GuardedHttp:
        return GuardedHttp(config, server_state, app_state, timeout_s=gateway.config.request_timeout_s)

    return uvicorn.Config(
        app,
        http=open_http,  # type: ignore[arg-type]
        ws=open_websocket,  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(config.stop_timeout_s)),
        ssl_certfile=config.tls_cert,
        ssl_keyfile=config.tls_key,
    )

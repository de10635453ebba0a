"""Listening on a port, and uvicorn as a part of our processes rather than a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn

from net.errors import StartupError

BACKLOG: Final = 4_096


def bind(host: str, port: int) -> socket.socket:
    """A listening socket's beginning; raises ``StartupError`` with a line for who started the process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio sends without delay (TCP_NODELAY) only on what it can see is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartupError(f"port {port} on {host} is in use; choose another with --port") from error
        raise StartupError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, which the process has of its own."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self.listening.set()

    def refuse_new(self) -> None:
        """Take no more connections."""
        for server in self.servers:
            server.close()

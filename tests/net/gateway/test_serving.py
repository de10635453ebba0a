from __future__ import annotations

import asyncio
import socket

import pytest

from net.errors import StartupError
from net.gateway.serving import bind


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_answers_leave_at_once_on_asyncios_own_loop(host: str) -> None:
    """An answer of two writes would otherwise wait some 40 ms for the client's delayed acknowledgement."""
    without_delay: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        without_delay.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    try:
        listener = bind(host, 0)
    except StartupError:
        pytest.skip(f"no {host} here")
    async with await asyncio.start_server(accepted, sock=listener) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        assert await asyncio.wait_for(without_delay, 20)
        writer.close()


def test_a_port_in_use_is_told_in_one_line() -> None:
    with bind("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(StartupError, match=f"port {port} on 127.0.0.1 is in use; choose another with --port"):
            bind("127.0.0.1", port)

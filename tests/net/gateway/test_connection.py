"""The contract with ``websockets`` and uvicorn: what we lean on, and what we write ourselves."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import socket
import statistics
import time
import tracemalloc
from pathlib import Path

import pytest
import uvicorn
from gateway_world import Client, World, running
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from net.gateway.connection import Connection
from net.gateway.frames import text_frame


@given(size=st.one_of(st.integers(0, 300), st.sampled_from([125, 126, 127, 65_535, 65_536, 100_000])))
def test_our_frames_are_those_of_websockets(size: int) -> None:
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


def test_uvicorn_calls_a_websocket_protocol_as_we_expect() -> None:
    source = inspect.getsource(HttpToolsProtocol.handle_websocket_upgrade)
    for call in ("config=self.config", "server_state=self.server_state", "connection_made", "data_received"):
        assert call in source
    assert set(inspect.signature(Connection).parameters) == {"config", "server_state", "accept", "limits", "outgoing"}
    assert "connection.shutdown()" in inspect.getsource(uvicorn.Server.shutdown)


def test_websockets_has_the_sans_io_calls_that_we_use() -> None:
    for name in ("accept", "reject", "send_response", "receive_data", "events_received", "data_to_send", "receive_eof"):
        assert callable(getattr(ServerProtocol, name))


async def raw(world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", world.server.port)


UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING = Frame(Opcode.TEXT, b'{"type":"ping","id":"cut"}').serialize(mask=True)


async def test_a_frame_may_be_cut_at_every_byte(world: World) -> None:
    reader, writer = await raw(world)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    for end in range(1, len(PING)):
        for piece in (PING[:end], PING[end:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
    pongs = 0
    while pongs < len(PING) - 1:
        pongs += (await asyncio.wait_for(reader.read(65_536), 20)).count(b'"pong"')
    writer.close()


async def test_a_handshake_may_be_cut_at_every_byte(world: World) -> None:
    for end in range(1, len(UPGRADE), 7):
        reader, writer = await raw(world)
        writer.write(UPGRADE[:end])
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(UPGRADE[end:])
        assert b"101 Switching" in await asyncio.wait_for(reader.readline(), 20)
        writer.close()


@pytest.mark.parametrize("header", ["Origin: http://localhost", "Authorization: Bearer x", "Host: localhost"])
async def test_a_doubled_header_is_refused_and_the_connection_forgotten(world: World, header: str) -> None:
    reader, writer = await raw(world)
    writer.write(UPGRADE[:-2] + f"{header}\r\n{header}\r\n\r\n".encode())
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 20)
    while await asyncio.wait_for(reader.read(65_536), 20):
        pass
    writer.close()
    async with asyncio.timeout(20):
        while world.server.connections:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", b"X: y"),
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8"),
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a;b"),
        (b"GET", b"POST"),
    ],
    ids=["no key", "an old version", "a wrong subprotocol", "a wrong method"],
)
@pytest.mark.parametrize("path", [b"/ws", b"/hl/ws"])
async def test_a_handshake_that_fails_leaves_no_session_behind(
    world: World, path: bytes, right: bytes, wrong: bytes
) -> None:
    reader, writer = await raw(world)
    writer.write(UPGRADE.replace(b"/ws", path).replace(right, wrong))
    assert b" 4" in await asyncio.wait_for(reader.readline(), 20)
    while await asyncio.wait_for(reader.read(65_536), 20):
        pass
    writer.close()
    assert world.gateway.clients == 0
    assert not world.gateway.channels.everybody


@pytest.mark.parametrize(
    "garbage",
    [
        Frame(Opcode.TEXT, b"not masked").serialize(mask=False),
        b"\xff" * 64,
        b"\x83\x80\0\0\0\0",
        b"\x89\xfe\x01\x00" + b"\0" * 260,
        Frame(Opcode.CONT, b"of nothing").serialize(mask=True),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["unmasked", "reserved bits", "reserved opcode", "a long ping", "a stray continuation", "HTTP again"],
)
async def test_what_breaks_the_protocol_ends_its_own_connection_only(world: World, garbage: bytes) -> None:
    other = await world.connect()
    reader, writer = await raw(world)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(garbage)
    while await asyncio.wait_for(reader.read(65_536), 20):
        pass
    writer.close()
    assert await other.settle() is not None


async def test_a_ping_of_the_protocol_is_answered(world: World) -> None:
    client = await world.connect()
    await asyncio.wait_for(await client.link.ping(b"here?"), 20)


async def test_who_says_goodbye_is_answered_and_forgotten(world: World) -> None:
    client = await world.trader()
    assert world.gateway.clients == 1
    await client.link.close(1000)
    assert client.link.close_code == 1000
    other = await world.connect()
    await other.settle()
    assert world.gateway.clients == 1
    assert {str(account.status) for account in world.gateway.accounts} == {"disconnected"}


async def test_a_request_that_does_not_arrive_in_time_is_cut_off(tmp_path: Path) -> None:
    async with running(tmp_path, request_timeout_s=0.2) as world:
        for begun in (
            b"",
            b"GET /health HTTP/1.1\r\nHost: ",
            b"POST /api/news HTTP/1.1\r\nContent-Length: 99\r\n\r\nx",
        ):
            reader, writer = await raw(world)
            writer.write(begun)
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1_000_000), 20)
            writer.close()
        assert (await world.http.get("/health")).status_code == 200


async def test_an_endless_head_is_cut_off(world: World) -> None:
    _, writer = await raw(world)
    writer.write(b"GET /health HTTP/1.1\r\nX: ")

    async def pour() -> None:
        while True:
            writer.write(b"x" * 4_096)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(pour(), 10)
    writer.close()


async def storm(port: int, beginnings: list[bytes], rounds: int) -> None:
    """Open 50 connections at once, say the beginning of something on each, and drop them; over and over."""
    loop = asyncio.get_running_loop()
    for _ in range(rounds):
        sockets = [socket.socket() for _ in range(50)]
        for number, sock in enumerate(sockets):
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            await loop.sock_sendall(sock, beginnings[number % len(beginnings)])
        for sock in sockets:
            sock.close()


async def round_trip_s(client: Client) -> float:
    """Median time of an order."""
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        assert (await client.order("buy", 1, 99.0, time_in_force="IOC"))["status"] == "success"
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


STORM = int(os.environ.get("STORM", "400"))
"""Connections to the gateway, and a third as many to the engine; ``STORM=2000`` for a real one."""

LEFT_BEHIND_KIB = 1_024
"""What all of them may leave allocated: logs, caches, the test's own; 2,000 connections take 30 times as much."""


async def test_connections_opened_and_dropped_at_either_door_leave_nothing_behind(tmp_path: Path) -> None:
    async with running(tmp_path, request_timeout_s=0.5) as world:
        client = await world.trader()
        to_gateway = world.server.port, [UPGRADE, UPGRADE[: len(UPGRADE) // 2], b"", b"GET / HTTP/1.1\r\n"]
        to_engine = world.engine.port, [b"", b'{"action":"qu', b'{"action":"query","id":1,"what":"stats"}\n']
        await storm(*to_gateway, 2)  # so that what is made once is there
        await storm(*to_engine, 2)
        before_s = await round_trip_s(client)
        gc.collect()
        tracemalloc.start()
        begun = tracemalloc.get_traced_memory()[0]
        await storm(*to_gateway, STORM // 50)
        await storm(*to_engine, STORM // 150)
        async with asyncio.timeout(10):
            while world.server.connections + world.engine.connections > 1 + world.links:
                await client.settle()
        client.seen.clear()
        gc.collect()
        left_kib = (tracemalloc.get_traced_memory()[0] - begun) / 1_024
        tracemalloc.stop()
        assert left_kib < LEFT_BEHIND_KIB
        assert world.gateway.clients == len(world.gateway.channels.everybody) == 1
        assert await round_trip_s(client) < 3 * before_s + 0.02


async def test_connections_that_never_finish_their_request_are_all_cut_off(tmp_path: Path) -> None:
    async with running(tmp_path, request_timeout_s=0.3) as world:
        streams = [await raw(world) for _ in range(200)]
        for number, (_, writer) in enumerate(streams):
            writer.write(UPGRADE[: number % (len(UPGRADE) - 2)])
        await (await world.connect()).settle()  # others are served meanwhile
        for reader, writer in streams:
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()


async def test_no_more_connections_than_permitted_are_taken(tmp_path: Path) -> None:
    async with running(tmp_path, max_connections=2) as world:
        clients = [await world.connect() for _ in range(2)]
        reader, writer = await raw(world)
        writer.write(UPGRADE)
        assert b" 503 " in await asyncio.wait_for(reader.readline(), 20)
        writer.close()
        for client in clients:
            await client.settle()

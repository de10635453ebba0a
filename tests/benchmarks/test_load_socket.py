"""The benchmarks' cheap WebSocket client understands what a real server sends, however it is cut."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection, serve

from benchmarks.load_socket import LoadSocket, open_socket, text_frame

SIZES = (0, 1, 125, 126, 65_535, 65_536, 200_000)


def server_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload


async def test_messages_of_every_size_go_there_and_back() -> None:
    async def echo(link: ServerConnection) -> None:
        async for message in link:
            await link.send(message)

    heard: list[int] = []
    all_heard = asyncio.Event()

    def hear(payload: bytes) -> None:
        heard.append(len(payload))
        if len(heard) == len(SIZES):
            all_heard.set()

    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await open_socket("127.0.0.1", port, hear)
        for size in SIZES:
            socket.send(text_frame(b"x" * size))
        await asyncio.wait_for(all_heard.wait(), 10)
        socket.close()
    assert heard == list(SIZES)


async def test_frames_cut_at_every_byte_are_put_together() -> None:
    stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + server_frame(b"first") + server_frame(b"y" * 200)
    for cut in range(len(stream)):
        heard: list[bytes] = []
        socket = LoadSocket("host", 1, "/ws", heard.append)
        socket.data_received(stream[:cut])
        socket.data_received(stream[cut:])
        assert heard == [b"first", b"y" * 200]


async def test_what_is_not_asked_for_is_passed_over() -> None:
    heard: list[bytes] = []
    socket = LoadSocket("host", 1, "/ws", heard.append)
    socket.only = b"answer"
    frames = [server_frame(text) for text in (b"push", b"answer 1", b"an", b"answer 2", b"push")]
    socket.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + b"".join(frames))
    assert heard == [b"answer 1", b"answer 2"]


async def test_a_refused_handshake_is_told() -> None:
    socket = LoadSocket("host", 1, "/ws", lambda _payload: None)
    socket.data_received(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    assert isinstance(socket.opened.exception(), ConnectionError)

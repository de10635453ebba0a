"""The handler against a real local server that answers as each test says."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

from hl_waiting import eventually
from websockets.asyncio.server import ServerConnection, serve

from net.backoff import Backoff
from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.connection import Standing, Timing
from net.hyperliquid.market_data import Channel, LinkChanged, LinkState, Notice, Received, StreamRefused, StreamStale
from net.hyperliquid.websocket_handler import HyperliquidWebSocketHandler

BTC = subs.L2Book(coin="BTC")
BAD = subs.L2Book(coin="BAD")
QUICK = Timing(ack=0.5, ping_every=5.0, pong=0.2, whole_book=0.1, fast_book=0.1)
Behaviour = Callable[[ServerConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def running(
    behaviour: Behaviour, *wanted: subs.AnySubscription, timing: Timing = QUICK, size: int = 100
) -> AsyncIterator[tuple[HyperliquidWebSocketHandler, Channel]]:
    channel: Channel = asyncio.Queue(size)
    async with serve(behaviour, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        backoff = Backoff(random.Random(1), first_s=0.01, max_s=0.02)
        handler = HyperliquidWebSocketHandler(f"ws://127.0.0.1:{port}/ws", channel, timing=timing, backoff=backoff)
        for subscription in wanted:
            handler.subscribe(subscription)
        task = asyncio.create_task(handler.run())
        try:
            yield handler, channel
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def answer(socket: ServerConnection, *, bad: frozenset[str] = frozenset(), books: bool = True) -> None:
    """Acknowledge everything, send a book for each, hang up without a word on a bad name."""
    async for raw in socket:
        frame = wire.decode_client_frame(raw)
        match frame:
            case wire.Ping():
                await socket.send('{"channel":"pong"}')
            case wire.Subscribe(subscription=subs.L2Book(coin=coin) as subscription):
                if coin in bad:
                    socket.transport.abort()
                    return
                await socket.send(
                    wire.encode(wire.AckFrame(data=wire.Ack(method="subscribe", subscription=subscription))).decode()
                )
                if books:
                    data = wire.Book(coin=coin, time=1, levels=([], []))
                    await socket.send(wire.encode(wire.BookFrame(data=data)).decode())


async def until(channel: Channel, wanted: Callable[[Notice], bool]) -> list[Notice]:
    """Everything the handler says up to the first notice that is wanted."""
    seen: list[Notice] = []
    async with asyncio.timeout(10):
        while not seen or not wanted(seen[-1]):
            seen.append(await channel.get())
    return seen


def is_book(notice: Notice) -> bool:
    return isinstance(notice, Received) and isinstance(notice.frame, wire.BookFrame)


def book_times(notices: list[Notice]) -> list[int]:
    frames = [notice.frame for notice in notices if isinstance(notice, Received)]
    return [frame.data.time for frame in frames if isinstance(frame, wire.BookFrame)]


def is_link(state: LinkState) -> Callable[[Notice], bool]:
    return lambda notice: notice == LinkChanged(state)


async def test_it_connects_subscribes_and_passes_books_on() -> None:
    async with running(answer, BTC) as (_, channel):
        notices = await until(channel, is_book)
    assert notices[0] == LinkChanged(LinkState.CONNECTED)
    assert [type(each.frame).__name__ for each in notices if isinstance(each, Received)] == ["AckFrame", "BookFrame"]


async def test_a_stream_asked_for_later_is_subscribed_on_the_open_connection() -> None:
    async with running(answer) as (handler, channel):
        await until(channel, is_link(LinkState.CONNECTED))
        handler.subscribe(BTC)
        await until(channel, is_book)
        assert handler.reconnects == 0


async def test_a_dropped_connection_is_replaced_and_everything_subscribed_again() -> None:
    drops = iter([True, True])

    async def behaviour(socket: ServerConnection) -> None:
        if next(drops, False):
            await socket.recv()
            socket.transport.abort()
        else:
            await answer(socket)

    async with running(behaviour, BTC) as (handler, channel):
        await until(channel, is_book)
        assert handler.reconnects == 2
        assert handler.registry.standing(BTC) is Standing.LIVE


async def test_silence_is_told_as_stale_and_then_ends_the_connection() -> None:
    async with running(answer, BTC) as (_, channel):
        notices = await until(channel, is_link(LinkState.RECONNECTING))
        assert StreamStale(BTC) in notices
        again = await until(channel, is_book)
        assert again[0] == LinkChanged(LinkState.CONNECTED)


async def test_a_missing_pong_ends_the_connection() -> None:
    async def deaf(socket: ServerConnection) -> None:
        await socket.wait_closed()

    timing = Timing(ping_every=0.05, pong=0.05)
    async with running(deaf, timing=timing) as (handler, channel):
        await until(channel, is_link(LinkState.RECONNECTING))
        assert handler.reconnects <= 1


async def test_a_missing_acknowledgement_ends_the_connection() -> None:
    async def deaf(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with running(deaf, BTC, timing=Timing(ack=0.05)) as (_, channel):
        notices = await until(channel, is_link(LinkState.RECONNECTING))
    assert notices == [LinkChanged(LinkState.CONNECTED), LinkChanged(LinkState.RECONNECTING)]


async def test_a_name_that_makes_the_venue_hang_up_is_found_and_the_others_go_on() -> None:
    async def strict(socket: ServerConnection) -> None:
        await answer(socket, bad=frozenset({"BAD"}))

    async with running(strict, BAD, BTC) as (handler, channel):
        notices = await until(channel, lambda notice: isinstance(notice, StreamRefused))
        assert notices[-1] == StreamRefused(BAD)
        await until(channel, is_book)
        assert handler.registry.standing(BAD) is Standing.REFUSED


async def test_frames_nobody_knows_are_counted_and_change_nothing() -> None:
    async def chatty(socket: ServerConnection) -> None:
        for raw in ('{"channel":"newThing","data":1}', "not json", b"\xff\xfe", "[" * 5000):
            await socket.send(raw)
        await answer(socket)

    async with running(chatty, BTC) as (handler, channel):
        await until(channel, is_book)
        assert handler.undecodable == 4
        assert handler.reconnects == 0


async def test_a_full_channel_holds_the_socket_back_and_cancelling_still_ends_it() -> None:
    async def flood(socket: ServerConnection) -> None:
        frame = wire.encode(wire.BookFrame(data=wire.Book(coin="BTC", time=1, levels=([], [])))).decode()
        for _ in range(500):
            await socket.send(frame)
        await socket.wait_closed()

    async with running(flood, size=10) as (_, channel):
        await eventually(channel.full)
        assert channel.qsize() == 10


async def acknowledge_and_send(socket: ServerConnection, times: range) -> None:
    """Take one subscription and send numbered books."""
    asked = wire.decode_client_frame(await socket.recv())
    assert isinstance(asked, wire.Subscribe)
    ack = wire.AckFrame(data=wire.Ack(method="subscribe", subscription=asked.subscription))
    await socket.send(wire.encode(ack).decode())
    for time in times:
        data = wire.Book(coin="BTC", time=time, levels=([], []))
        await socket.send(wire.encode(wire.BookFrame(data=data)).decode())


async def test_a_full_channel_loses_nothing_when_the_connection_ends() -> None:
    async def short(socket: ServerConnection) -> None:
        await acknowledge_and_send(socket, range(1, 4))

    async with running(short, BTC, size=5) as (handler, channel):
        await eventually(lambda: channel.full() and not handler.connected)
        notices = await until(channel, is_link(LinkState.RECONNECTING))
    assert notices[0] == LinkChanged(LinkState.CONNECTED)
    assert book_times(notices) == [1, 2, 3]


async def test_a_reader_that_is_slow_does_not_make_the_venue_stale() -> None:
    async def flood(socket: ServerConnection) -> None:
        await acknowledge_and_send(socket, range(1, 21))
        await answer(socket)

    async with running(flood, BTC, size=5, timing=Timing(whole_book=0.6, ping_every=0.1, pong=0.6)) as (_, channel):
        await eventually(channel.full)
        await asyncio.sleep(1.5)  # time passes in which nobody reads: book and pong would be overdue several times
        notices = await until(channel, lambda notice: book_times([notice]) == [20])
    assert book_times(notices) == [*range(1, 21)]
    assert [notice for notice in notices if not isinstance(notice, Received)] == [LinkChanged(LinkState.CONNECTED)]


async def test_with_nobody_there_it_keeps_trying() -> None:
    channel: Channel = asyncio.Queue(10)
    backoff = Backoff(random.Random(1), first_s=0.001, max_s=0.002)
    handler = HyperliquidWebSocketHandler("ws://127.0.0.1:9/ws", channel, backoff=backoff)
    task = asyncio.create_task(handler.run())
    await eventually(lambda: handler.reconnects >= 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert channel.empty()

"""The connector end to end: recorded traffic and a local server, through the code that runs against the venue."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from test_names import META, SPOT_META

from net.hyperliquid.api_client import HyperliquidApiClient, websocket_url
from net.hyperliquid.book_view import OrderBookView
from net.hyperliquid.connection import Standing
from net.hyperliquid.info_client import InfoClient, VenueUnavailable
from net.hyperliquid.market_data import MarketState
from net.hyperliquid.names import SpotMeta, UnknownName

RECORDING = Path(__file__).parent / "btcusd_20250126.gz"
DIGEST = "7496f8c4476b7ad97f014170e33964e0cd557c6906f6e8f6ce2bdd0ece760999"


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=SPOT_META if b"spotMeta" in request.content else META)


def unconnected() -> HyperliquidApiClient:
    """A client that is never connected: frames are fed to its handler."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return HyperliquidApiClient("http://venue.invalid", info=InfoClient("http://venue.invalid", http))


@pytest.fixture
async def client() -> AsyncIterator[HyperliquidApiClient]:
    made = unconnected()
    yield made
    await made.close()


def recorded() -> list[tuple[int, bytes]]:
    with gzip.open(RECORDING) as lines:
        return [(int(stamp), raw) for stamp, raw in (line.split(b" ", 1) for line in lines)]


async def feed(client: HyperliquidApiClient, raw: bytes, at: int) -> None:
    await client.handler.feed(raw, at)
    while not client.channel.empty():
        client.cache.apply(client.channel.get_nowait())


async def played() -> list[OrderBookView]:
    """Every book that a reader sees who is given time after each frame."""
    client = unconnected()
    books: list[OrderBookView] = []

    await client.universe()
    stream = client.stream_order_book("BTC")
    waiting = asyncio.ensure_future(anext(stream))
    for at, raw in recorded():
        await asyncio.sleep(0)
        await feed(client, raw, at)
        for _ in range(3):
            await asyncio.sleep(0)
        if waiting.done():
            books.append(await waiting)
            waiting = asyncio.ensure_future(anext(stream))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await client.close()
    return books


def digest(books: list[OrderBookView]) -> str:
    """Of every number in every book."""
    levels = [[(each.price, each.size, each.orders, each.time) for each in (*book.bids, *book.asks)] for book in books]
    return hashlib.sha256(repr(levels).encode()).hexdigest()


async def test_a_recording_gives_the_same_books_every_time() -> None:
    books = await played()
    assert len(books) == 45  # of 46: the venue sent the first one twice
    assert books[0].bids[0].price == 105_055 * 10**8
    assert all(later.time > earlier.time for earlier, later in itertools.pairwise(books))
    assert all(book.bids[0].price < book.asks[0].price for book in books)
    assert digest(books) == digest(await played()) == DIGEST


async def test_a_slow_reader_gets_the_newest_book_and_none_twice(client: HyperliquidApiClient) -> None:
    stream = client.stream_order_book("BTC")
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    frames = recorded()
    for at, raw in frames[:1]:
        await feed(client, raw, at)
    seen = [await first]
    for at, raw in frames[1:]:
        await feed(client, raw, at)
    seen.append(await anext(stream))
    newest = client.cache.book("BTC").value
    assert newest is not None
    assert newest.whole is not None
    assert [book.time for book in seen] == [seen[0].time, newest.whole.time]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stream), 0.01)


async def test_streams_are_subscribed_while_somebody_reads(client: HyperliquidApiClient) -> None:
    first, second = client.stream_order_book("BTC"), client.stream_order_book("BTC")
    waiting = [asyncio.ensure_future(anext(first)), asyncio.ensure_future(anext(second))]
    await asyncio.sleep(0.01)
    assert len(client.handler.registry.among(*Standing)) == 3
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await first.aclose()
    await second.aclose()
    assert client.handler.registry.among(*Standing) == []


async def test_a_print_is_given_once(client: HyperliquidApiClient) -> None:
    stream = client.stream_prints("BTC")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    trades = [(at, raw) for at, raw in recorded() if b'"trades"' in raw]
    await feed(client, trades[0][1], 1)
    first = await waiting
    await feed(client, trades[0][1], 2)
    await feed(client, trades[1][1], 3)
    second = await anext(stream)
    assert not {print_.tid for print_ in first} & {print_.tid for print_ in second}


async def test_an_unlisted_name_is_refused_before_anything_is_subscribed(client: HyperliquidApiClient) -> None:
    with pytest.raises(UnknownName, match="NOPE is not listed"):
        await anext(client.stream_order_book("NOPE"))
    assert client.state("NOPE") is MarketState.UNKNOWN_NAME


async def test_people_say_hype_usdc_and_the_venue_hears_its_own_name(client: HyperliquidApiClient) -> None:
    assert (await client.resolve("HYPE/USDC")).coin == "@107"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://127.0.0.1:3001", "ws://127.0.0.1:3001/ws"),
        ("http://127.0.0.1:8000/hl/", "ws://127.0.0.1:8000/hl/ws"),
        ("https://api.example", "wss://api.example/ws"),
    ],
)
def test_the_socket_is_beside_the_base_url(base: str, url: str) -> None:
    assert websocket_url(base) == url


async def test_a_venue_that_fails_for_a_moment_is_asked_again_and_one_that_refuses_is_not() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, json={"universe": [], "tokens": []})])
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: next(answers)))
    async with InfoClient("http://venue.invalid", http) as info:
        assert (await info.ask({"type": "spotMeta"}, SpotMeta)).tokens == []
    refusing = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(422, text="no")))
    async with InfoClient("http://venue.invalid", refusing) as info:
        with pytest.raises(VenueUnavailable, match="HTTP 422: no"):
            await info.universe()

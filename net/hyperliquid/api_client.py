"""The connector as the rest of the system uses it: names in, newest books out.

async with HyperliquidApiClient(Network.MAINNET.value) as client:
    async for book in client.stream_order_book("HYPE/USDC"):
        ...
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from types import TracebackType

from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.book_view import OrderBookView, merge
from net.hyperliquid.connection import Timing
from net.hyperliquid.info_client import InfoClient
from net.hyperliquid.market_data import Channel, MarketDataCache, MarketState
from net.hyperliquid.names import Asset, Universe, UnknownName
from net.hyperliquid.subscriptions import AnySubscription
from net.hyperliquid.websocket_handler import CHANNEL_SIZE, HyperliquidWebSocketHandler


def websocket_url(base_url: str) -> str:
    """Where the WebSocket of a base URL is (``https://host`` to ``wss://host/ws``)."""
    return "ws" + base_url.rstrip("/").removeprefix("http") + "/ws"


class HyperliquidApiClient:
    """One connection, one cache, any number of readers. Streams are subscribed while somebody reads them."""

    def __init__(
        self,
        base_url: str,
        *,
        info: InfoClient | None = None,
        timing: Timing | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.info = info or InfoClient(base_url)
        self.cache = MarketDataCache()
        self.channel: Channel = asyncio.Queue(CHANNEL_SIZE)
        self.handler = HyperliquidWebSocketHandler(websocket_url(base_url), self.channel, timing=timing, rng=rng)
        self._universe: Universe | None = None
        self._readers: Counter[AnySubscription] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> HyperliquidApiClient:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Start the handler's task and the cache's."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self.handler.run(), name="hyperliquid websocket"),
                asyncio.create_task(self.cache.consume(self.channel), name="hyperliquid cache"),
            ]

    async def close(self) -> None:
        """Stop both and give everything back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.info.close()

    async def universe(self) -> Universe:
        """What the venue lists, asked for once."""
        if self._universe is None:
            self._universe = await self.info.universe()
        return self._universe

    async def resolve(self, market: str) -> Asset:
        """The asset of a name; raises ``UnknownName``, and marks the market so."""
        try:
            return (await self.universe()).resolve(market)
        except UnknownName:
            self.cache.state(market).put(MarketState.UNKNOWN_NAME)
            raise

    def state(self, coin: str) -> MarketState:
        """State of a market by its wire name."""
        return self.cache.state(coin).value or MarketState.RECONNECTING

    async def stream_order_book(self, market: str) -> AsyncGenerator[OrderBookView, None]:
        """The newest merged book whenever there is a newer one; a slow reader skips, and never sees one twice.

        Raises:
            UnknownName: the venue does not list ``market``.
        """
        asset = await self.resolve(market)
        with self._subscribed(*book_streams(asset.coin)):
            entry = self.cache.book(asset.coin)
            self.cache.state(asset.coin)
            seen = 0
            last: OrderBookView | None = None
            while True:
                layers, seen = await entry.newer(seen)
                view = merge(asset.coin, layers, seen)
                if last is None or not _same(view, last):
                    last = view
                    yield view

    async def stream_prints(self, market: str) -> AsyncGenerator[tuple[wire.Print, ...], None]:
        """New public trades, oldest first, each once; a reader more than a tape's length late misses some.

        Raises:
            UnknownName: the venue does not list ``market``.
        """
        asset = await self.resolve(market)
        with self._subscribed(subs.Trades(coin=asset.coin)):
            entry = self.cache.tape(asset.coin)
            count = entry.value.count if entry.value is not None else 0
            seen = entry.version
            while True:
                tape, seen = await entry.newer(seen)
                fresh = tape.prints[-(tape.count - count) :]
                count = tape.count
                yield fresh

    @contextlib.contextmanager
    def _subscribed(self, *streams: AnySubscription) -> Iterator[None]:
        for stream in streams:
            self._readers[stream] += 1
            self.handler.subscribe(stream)
        try:
            yield
        finally:
            for stream in streams:
                self._readers[stream] -= 1
                if not self._readers[stream]:
                    self.handler.unsubscribe(stream)


def book_streams(coin: str) -> tuple[AnySubscription, ...]:
    """The streams that one merged book is made of."""
    return subs.L2Book(coin=coin), subs.L2Book(coin=coin, fast=True), subs.Bbo(coin=coin)


def _same(one: OrderBookView, other: OrderBookView) -> bool:
    """Whether two views are the same book of the same time: the venue pushes unchanged books too."""
    return one.time == other.time and one.bids == other.bids and one.asks == other.asks

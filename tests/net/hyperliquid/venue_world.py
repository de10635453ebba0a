"""A whole venue in the test's own loop: real engine, real TCP, real venue, a real port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import httpx
from hl_waiting import eventually
from websockets.asyncio.client import ClientConnection, connect

from engine.commands import AddInstrument, NewOrder, OpenAccount
from engine.instruments import FeeSchedule, Instrument
from engine.oms import OrderManagementSystem
from engine.types import CASH_SCALE, Side, TimeInForce
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.hyperliquid.decimals import SCALE
from net.hyperliquid.venue.faults import Fault, FaultKind
from net.hyperliquid.venue.funding import Funding
from net.hyperliquid.venue.server import serve_venue
from net.hyperliquid.venue.settings import Cadences, VenueSettings
from net.hyperliquid.venue.state import Store
from net.hyperliquid.venue.venue import Venue

T = TypeVar("T")

ALICE_KEY = "0x" + "a1" * 32
"""A private key of nobody; its address is ``ALICE``."""
ALICE = "0x5d5c99edf529335160ff180fa141dd4967fc00d2"
FEES = FeeSchedule(maker_ppm=150, taker_ppm=450)
MAKER, TAKER = "maker", "taker"


def perp(ticker: str, price: str, tick: str, lot: str) -> Instrument:
    """An instrument of prices and sizes in decimals."""
    tick_e8, lot_e8 = (round(float(text) * SCALE) for text in (tick, lot))
    return Instrument(
        symbol_id=0,
        ticker=ticker,
        initial_price=round(float(price) * SCALE) // tick_e8,
        tick_size_e8=tick_e8,
        lot_size_e8=lot_e8,
        fees=FEES,
        price_band_ppm=0,
    )


INSTRUMENTS = (
    perp("BTC", "100000", "1", "0.00001"),
    perp("ETH", "2000", "0.1", "0.0001"),
    perp("kPEPE", "0.012", "0.000001", "1"),
    perp("PURR/USDC", "0.2", "0.00001", "1"),
    perp("HYPE/USDC", "25", "0.001", "0.01"),
)
QUICK = VenueSettings(
    cadences=Cadences(
        whole_book=0.09, fast_book=0.045, best=0.045, mids=0.09, context=0.09, user_state=0.09, candle=0.09
    )
)


class World:
    """Everything a test wants to reach."""

    def __init__(self, venue: Venue, port: int, oms: OrderManagementSystem, engine: EngineClient) -> None:
        self.venue = venue
        self.port = port
        self.oms = oms
        self.engine = engine
        self.url = f"http://127.0.0.1:{port}"

    async def info(self, **question: Any) -> Any:
        """Ask ``/info`` as any program would."""
        async with httpx.AsyncClient() as http:
            response = await http.post(f"{self.url}/info", json=question)
            response.raise_for_status()
            return response.json()

    async def quote(self, ticker: str, side: Side, price: float, size: float) -> None:
        """Let the maker rest an order."""
        await self._order(MAKER, ticker, side, price, size, TimeInForce.GTC)

    async def take(self, ticker: str, side: Side, price: float, size: float) -> None:
        """Let the taker trade up or down to a price."""
        await self._order(TAKER, ticker, side, price, size, TimeInForce.IOC)

    async def _order(self, account: str, ticker: str, side: Side, price: float, size: float, tif: TimeInForce) -> None:
        instrument = next(each for each in self.oms.instruments() if each.ticker == ticker)
        reply = await self.engine.submit(
            NewOrder(
                account=account,
                symbol_id=instrument.symbol_id,
                side=side,
                qty=round(size * SCALE / instrument.lot_size_e8),
                price=round(price * SCALE / instrument.tick_size_e8),
                tif=tif,
            )
        )
        assert reply.code is None, reply
        await self.venue.caught_up(reply.sequence)

    async def quotes(self) -> None:
        """A book of two levels a side for each market."""
        for ticker, mid, step, size in (
            ("BTC", 100_000, 10, 1.0),
            ("ETH", 2_000, 1, 10.0),
            ("kPEPE", 0.012, 0.00001, 1e6),
            ("PURR/USDC", 0.2, 0.001, 1e5),
            ("HYPE/USDC", 25, 0.01, 1e3),
        ):
            for level in (1, 2):
                await self.quote(ticker, Side.BUY, mid - level * step, size)
                await self.quote(ticker, Side.SELL, mid + level * step, size)

    def break_with(self, kind: FaultKind, where: str = "*", **how: Any) -> None:
        """Arm a fault."""
        self.venue.streams.faults.add(Fault(kind=kind, where=where, **how))


async def in_thread(work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Run a client that blocks beside the venue's loop."""
    return await asyncio.to_thread(lambda: work(*arguments, **named))


@asynccontextmanager
async def running(
    *addresses: str,
    settings: VenueSettings = QUICK,
    store: Store | None = None,
    oms: OrderManagementSystem | None = None,
    dollars: int = 100_000,
) -> AsyncIterator[World]:
    """A venue with these accounts, and the world around it, all closed in order at the end."""
    fresh = oms is None
    oms = oms or OrderManagementSystem()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(EngineServer(oms, epoch="first"))
        engine = await stack.enter_async_context(EngineClient("127.0.0.1", server.port))
        if fresh:
            for instrument in INSTRUMENTS:
                await engine.submit(AddInstrument(instrument=instrument))
            shares = {each.symbol_id: 10**9 for each in oms.instruments() if "/" in each.ticker}
            for account in (MAKER, TAKER):
                await engine.submit(OpenAccount(account=account, cash=10**9 * CASH_SCALE, positions=shares))
        funded = [Funding(address=address.lower(), perp=dollars * SCALE, spot=dollars * SCALE) for address in addresses]
        venue = Venue(engine, store=store, settings=settings, funded=funded)
        task = asyncio.create_task(venue.run())
        try:
            await eventually(venue.ready.is_set)
            await eventually(lambda: all(venue.users.get(each.address) for each in funded))
            port = await stack.enter_async_context(serve_venue(venue, "127.0.0.1", 0))
            yield World(venue, port, oms, engine)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await venue.triggers.close()


class Socket:
    """A client that speaks plain JSON."""

    def __init__(self, link: ClientConnection) -> None:
        self.link = link

    async def say(self, method: str, **fields: Any) -> None:
        """Send one frame."""
        await self.link.send(json.dumps({"method": method, **fields}))

    async def subscribe(self, kind: str, **fields: Any) -> None:
        """Ask for a stream."""
        await self.say("subscribe", subscription={"type": kind, **fields})

    async def hear(self, channel: str | None = None) -> Any:
        """The next frame, of a channel if one is named."""
        async with asyncio.timeout(20):
            while True:
                frame = json.loads(await self.link.recv())
                if channel in (None, frame["channel"]):
                    return frame


@asynccontextmanager
async def socket(world: World) -> AsyncIterator[Socket]:
    """A connection to the venue's streams."""
    async with connect(f"ws://127.0.0.1:{world.port}/ws", compression=None, close_timeout=1) as link:
        yield Socket(link)

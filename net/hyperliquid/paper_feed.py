"""Live Hyperliquid markets as instruments of our own exchange: connector in, engine commands out.

One task a market keeps the shadow's orders in line with the newest merged book, another trades each public print again.
While a market is not live its instrument is halted, with the reason: nobody trades on paper with what is not seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from engine.commands import AccountLimits, AddInstrument, CancelAll, OpenAccount, SetInstrumentStatus
from engine.instruments import FeeSchedule, Instrument
from engine.types import CASH_SCALE, InstrumentStatus, RejectCode, Side
from net.backoff import Backoff
from net.engine_client import EngineClient
from net.errors import StartupError, TradesimError
from net.hyperliquid import wire
from net.hyperliquid.api_client import HyperliquidApiClient
from net.hyperliquid.book_view import BookLevel, OrderBookView
from net.hyperliquid.decimals import from_wire, price_decimals
from net.hyperliquid.info_client import Network, VenueUnavailable
from net.hyperliquid.market_data import MarketState
from net.hyperliquid.names import Asset, UnknownName
from net.hyperliquid.paper import MODEL, SOURCE, fits, plan, print_order, tick_of, tickers_of
from net.logs import configure_logging
from net.process import Ready, prepare_data_dir, serve_until_stopped

_log = structlog.get_logger(__name__)

MAKER: Final = "hyperliquid.book"
TAKER: Final = "hyperliquid.tape"
PERP_FEES: Final = FeeSchedule(maker_ppm=150, taker_ppm=450)
SPOT_FEES: Final = FeeSchedule(maker_ppm=400, taker_ppm=700)
_SHADOW_CASH: Final = 5 * 10**9 * CASH_SCALE
_SHADOW_LIMITS: Final = AccountLimits(leverage=100, max_working_orders=None)
_FIRST_BOOK_S: Final = 30.0
_SWITCH_S: Final = 15.0
_LEAVE_S: Final = 2.0
_HEALTHY_S: Final = 60.0
"""A market followed for so long starts its backoff anew."""


class PaperConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What to show, where from, and where to."""

    markets: tuple[str, ...]
    base_url: str = Network.MAINNET.value
    engine_host: str = "127.0.0.1"
    engine_port: int = 9999
    data_dir: Path = Path()
    supervised: bool = False


async def run_paper(config: PaperConfig) -> None:
    """Show live markets until told to stop: the process ``feed``.

    Raises:
        StartupError: the venue does not answer at the start, or does not list a market.
    """
    prepare_data_dir(config.data_dir)
    configure_logging(config.data_dir, "feed")
    api = HyperliquidApiClient(config.base_url)
    async with EngineClient(config.engine_host, config.engine_port) as engine, api:
        feed = PaperFeed(engine, api, config)
        await feed.resolve()
        running = asyncio.ensure_future(feed.run())
        try:
            await serve_until_stopped(Ready(ready="feed"), supervised=config.supervised, failure=running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await feed.leave()


class PaperMarket:
    """One live market in our engine."""

    def __init__(self, engine: EngineClient, asset: Asset, instrument: Instrument) -> None:
        self.asset = asset
        self.instrument = instrument
        self._engine = engine
        self._turn = asyncio.Lock()
        self._began_ms = 0
        self._shown: OrderBookView | None = None
        self._refused = False
        """Whether a level was refused before: the next book mends it, so the first is enough to know of."""

    async def show(self, view: OrderBookView) -> None:
        """Bring our book in line with a newer view."""
        self._began_ms = self._began_ms or view.time
        self._shown = view
        bids, asks = self._levels(view.bids), self._levels(view.asks)
        symbol_id = self.instrument.symbol_id
        async with self._turn:
            working = [order for order in await self._engine.orders(MAKER) if order.symbol_id == symbol_id]
            for command in plan(MAKER, symbol_id, working, bids, asks):
                reply = await self._engine.submit(command)
                if reply.code is not None and not self._refused:
                    self._refused = True
                    _log.warning("paper_level_refused", market=self.asset.display, reason=reply.message)

    async def trade(self, prints: Sequence[wire.Print]) -> None:
        """Trade public prints again; those of before the first book are in it."""
        async with self._turn:
            for print_ in prints:
                price, lots = from_wire(print_.px), self._lots(from_wire(print_.sz))
                if lots and fits(price, self.instrument.tick_size_e8) and 0 < self._began_ms <= print_.time:
                    side = Side.BUY if print_.side == "B" else Side.SELL
                    ticks = price // self.instrument.tick_size_e8
                    await self._engine.submit(print_order(TAKER, self.instrument.symbol_id, side, ticks, lots))

    async def show_again(self) -> None:
        """Put back what was shown last."""
        if self._shown is not None:
            await self.show(self._shown)

    async def hide(self, why: MarketState) -> None:
        """Take the shadow's orders out and halt the instrument: nobody trades with a market that is not seen."""
        symbol_id = self.instrument.symbol_id
        async with self._turn:
            await self._engine.submit(CancelAll(account=MAKER, symbol_id=symbol_id))
            await self._engine.submit(
                SetInstrumentStatus(symbol_id=symbol_id, status=InstrumentStatus.HALTED, reason=why.value)
            )

    async def open(self) -> None:
        """Take orders (again)."""
        symbol_id = self.instrument.symbol_id
        await self._engine.submit(
            SetInstrumentStatus(symbol_id=symbol_id, status=InstrumentStatus.OPEN, reason=MarketState.LIVE.value)
        )

    def _levels(self, levels: Sequence[BookLevel]) -> dict[int, int]:
        tick = self.instrument.tick_size_e8
        return {
            level.price // tick: lots
            for level in levels
            if fits(level.price, tick) and (lots := self._lots(level.size))
        }

    def _lots(self, size: int) -> int:
        return size // self.instrument.lot_size_e8


class PaperFeed:
    """Keeps all markets of a configuration alive in an engine."""

    def __init__(self, engine: EngineClient, api: HyperliquidApiClient, config: PaperConfig) -> None:
        self._engine = engine
        self._api = api
        self._config = config
        self.markets: dict[str, PaperMarket] = {}
        self._assets: list[Asset] = []

    async def resolve(self) -> None:
        """Look the markets up.

        Raises:
            StartupError: the venue does not answer, or does not list one.
        """
        try:
            self._assets = [await self._api.resolve(name) for name in self._config.markets]
        except UnknownName as error:
            raise StartupError(f"{error} on Hyperliquid") from error
        except VenueUnavailable as error:
            raise StartupError(f"Hyperliquid does not answer: {error}") from error

    async def run(self) -> None:
        """Show the markets until cancelled."""
        if not self._assets:
            await self.resolve()
        await self._engine.wait_connected()
        for account in (MAKER, TAKER):
            await self._open(account)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._live_on(), name="paper switch")
            for asset in self._assets:
                tasks.create_task(self._follow(asset), name=f"paper {asset.display}")

    async def leave(self) -> None:
        """Halt all markets: what nobody follows any more is not to be traded with."""
        with contextlib.suppress(TradesimError, TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                for market in self.markets.values():
                    await market.hide(MarketState.NOT_FOLLOWED)

    async def _live_on(self) -> None:
        """Hold the shadow's dead man's switch, so that levels do not stand in our book after this process died."""
        while True:
            with contextlib.suppress(TradesimError):
                await self._engine.cancel_after(MAKER, _SWITCH_S)
            await asyncio.sleep(_SWITCH_S / 3)

    async def _open(self, account: str) -> None:
        reply = await self._engine.submit(
            OpenAccount(
                account=account, name="Hyperliquid", personality=SOURCE, cash=_SHADOW_CASH, limits=_SHADOW_LIMITS
            )
        )
        if reply.code not in (None, RejectCode.DUPLICATE_ACCOUNT):
            raise StartupError(f"the account of the live books could not be opened: {reply.message}")

    async def _follow(self, asset: Asset) -> None:
        """One market, again and again whatever happens to the engine's link."""
        backoff, loop = Backoff(random.Random()), asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                market = await self._listed(asset)
                self.markets[asset.display] = market
                await market.hide(MarketState.RECONNECTING)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._books(market))
                    tasks.create_task(self._prints(market))
                    tasks.create_task(self._watch(market))
            except* TradesimError as errors:
                _log.warning("paper_market_waits", market=asset.display, reason=str(errors.exceptions[0]))
            if loop.time() - began > _HEALTHY_S:
                backoff.reset()
            await asyncio.sleep(backoff.next_delay_s())

    async def _listed(self, asset: Asset) -> PaperMarket:
        """The engine's instrument of a market, listed now if it is new."""
        names = [*tickers_of(asset)]
        for instrument in await self._engine.instruments():
            if instrument.ticker in names:
                if instrument.source == SOURCE:
                    return PaperMarket(self._engine, asset, instrument)
                names.remove(instrument.ticker)  # a simulated instrument has the name
        stream = self._api.stream_order_book(asset.coin)
        try:
            first = await asyncio.wait_for(anext(stream), _FIRST_BOOK_S)
        except TimeoutError as error:
            raise TradesimError(f"no book of {asset.display} came") from error
        finally:
            await stream.aclose()
        price = first.mid or (first.bids or first.asks)[0].price
        tick = tick_of(price, price_decimals(asset.size_decimals, spot=asset.spot))
        instrument = Instrument(
            symbol_id=0,
            ticker=names[0],
            description=f"{asset.display} on paper: {MODEL}",
            industry="digital assets",
            initial_price=max(1, price // tick),
            tick_size_e8=tick,
            lot_size_e8=10 ** (8 - asset.size_decimals),
            source=SOURCE,
            fees=SPOT_FEES if asset.spot else PERP_FEES,
            price_band_ppm=0,
        )
        reply = await self._engine.submit(AddInstrument(instrument=instrument))
        if reply.code is not None or reply.symbol_id is None:
            raise TradesimError(f"{asset.display} could not be listed: {reply.message}")
        return PaperMarket(self._engine, asset, msgspec.structs.replace(instrument, symbol_id=reply.symbol_id))

    async def _books(self, market: PaperMarket) -> None:
        async for view in self._api.stream_order_book(market.asset.coin):
            if self._api.state(market.asset.coin) is MarketState.LIVE:
                await market.show(view)

    async def _prints(self, market: PaperMarket) -> None:
        async for prints in self._api.stream_prints(market.asset.coin):
            await market.trade(prints)

    async def _watch(self, market: PaperMarket) -> None:
        """Halt the market while it is not seen, and say why on the screen."""
        entry = self._api.cache.state(market.asset.coin)
        was, seen = MarketState.RECONNECTING, 0
        while True:
            state, seen = await entry.newer(seen)
            if state is MarketState.LIVE and was is not MarketState.LIVE:
                await market.open()
                await market.show_again()  # a market where nothing happened meanwhile sends no newer book
            elif state is not was:
                _log.warning("paper_market_unseen", market=market.asset.display, state=state.value)
                await market.hide(state)
            was = state

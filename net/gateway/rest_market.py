"""What everybody may read over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter

from engine.types import RejectCode
from net.gateway.orders import Refused
from net.gateway.rest_errors import Malformed, documented
from net.gateway.shapes import INTERVALS_NS, candle_shape, instrument_shapes, news_shape, trade_shape
from net.messages import (
    AgentShape,
    CandleShape,
    InstrumentShape,
    NewsShape,
    OrderBookShape,
    PerformanceShape,
    SimulationShape,
    TradeShape,
)
from net.units import Units

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

SymbolPath = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Levels = Annotated[int, QueryParameter(ge=1, le=10_000)]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000)]


class HealthShape(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the exchange can be traded on."""

    status: str
    """``ok``, or ``engine_unavailable`` while only reading works."""
    engine_connected: bool
    epoch: str
    sequence: int
    durability: str
    clients: int
    uptime_seconds: float


def market_routes(gateway: Gateway) -> list[HTTPRouteHandler]:
    """The routes."""

    @get("/health", summary="Health")
    async def health() -> HealthShape:
        """Whether the gateway runs (it answers) and has an engine behind it."""
        connected = gateway.engine_connected
        return HealthShape(
            status="ok" if connected else RejectCode.ENGINE_UNAVAILABLE.value,
            engine_connected=connected,
            epoch=gateway.mirror.epoch,
            sequence=gateway.mirror.sequence,
            durability=gateway.mirror.durability.value,
            clients=gateway.clients,
            uptime_seconds=gateway.metrics.uptime_s,
        )

    @get("/api/instruments", summary="List instruments", responses=documented())
    async def instruments() -> list[InstrumentShape]:
        """All listed instruments."""
        return instrument_shapes(gateway.mirror)

    @get("/api/orderbooks/{symbol_id:int}", summary="Read a book", responses=documented(404))
    async def orderbook(symbol_id: SymbolPath, levels: Levels = 10_000) -> OrderBookShape:
        """One book, best levels first."""
        book = gateway.mirror.books.get(symbol_id)
        if book is None:
            raise unknown_instrument(symbol_id)
        return book.shape(levels)

    @get("/api/trades/{symbol_id:int}", summary="Read the tape", responses=documented(404))
    async def trades(symbol_id: SymbolPath, limit: Limit = 100) -> list[TradeShape]:
        """Newest public trades of one instrument, newest first."""
        units = units_of(gateway, symbol_id)
        tape = gateway.mirror.tapes.get(symbol_id, ())
        return [trade_shape(view, units) for view, _ in zip(tape, range(limit), strict=False)]

    @get("/api/candles/{symbol_id:int}", summary="Read candles", responses=documented(404))
    async def candles(
        symbol_id: SymbolPath,
        interval: Annotated[str, QueryParameter(schema_extra={"enum": list(INTERVALS_NS)})] = "1m",
        limit: Limit = 200,
    ) -> list[CandleShape]:
        """Newest candles of one instrument, oldest first."""
        interval_ns = INTERVALS_NS.get(interval)
        if interval_ns is None:
            raise Malformed(RejectCode.INVALID_MESSAGE, f"interval is one of {' '.join(INTERVALS_NS)}", "interval")
        units = units_of(gateway, symbol_id)
        views = await gateway.engine.candles(symbol_id, interval_ns, limit)
        return [candle_shape(view, units) for view in views]

    @get("/api/news", summary="Read the news", responses=documented())
    async def news(limit: Limit = 100) -> list[NewsShape]:
        """Newest headlines, newest first."""
        newest = [view for view, _ in zip(gateway.mirror.news, range(limit), strict=False)]
        return [news_shape(view.news, view.time) for view in newest]

    @get("/api/leaderboard", summary="Read the leaderboard", responses=documented())
    async def leaderboard(limit: Limit = 20) -> list[AgentShape]:
        """The agents with the best P&L."""
        return gateway.portfolios.agents(limit)

    @get("/api/performance", summary="Read performance", responses=documented())
    async def performance() -> PerformanceShape:
        """Rates, totals, and latency percentiles by stage."""
        return gateway.performance_shape()

    @get("/api/simulation", summary="Read the simulation's speed", responses=documented())
    async def simulation() -> SimulationShape:
        """How fast the agents' clock goes."""
        return gateway.simulation

    return [health, instruments, orderbook, trades, candles, news, leaderboard, performance, simulation]


def units_of(gateway: Gateway, symbol_id: int) -> Units:
    """The units of a listed instrument; raises ``Refused``."""
    units = gateway.mirror.listed(symbol_id)
    if units is None:
        raise unknown_instrument(symbol_id)
    return units


def unknown_instrument(symbol_id: int) -> Refused:
    """There is no such instrument."""
    return Refused(RejectCode.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol_id}", "symbol_id")

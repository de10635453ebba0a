"""``/info``: everything that may be asked. Unknown users get empty answers, never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from engine.service import CandleView
from net.hyperliquid import wire
from net.hyperliquid.decimals import to_wire
from net.hyperliquid.venue.answers import Undecodable
from net.hyperliquid.venue.listing import Listed, meta, spot_meta
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.questions import NOTHING, BadAggregation, CandleRequest, Question
from net.hyperliquid.venue.user_info import UserInfo

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

INTERVALS_MS: Final = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
    "3d": 259_200_000,
    "1w": 604_800_000,
    "1M": 2_592_000_000,
}
CANDLES_MAX: Final = 5_000
FUNDINGS_MAX: Final = 500
FUNDING_KEPT_HOURS: Final = 24 * 30
HOUR_MS: Final = 3_600_000
_FUNDING: Final = "0.0"


class Info:
    """Answers questions from the mirror; only candles are fetched from the engine."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self.users = UserInfo(venue, self)

    async def answer(self, question: Question) -> object:
        """Answer one question.

        Raises:
            Undecodable: an unknown type, or a field is missing.
            BadAggregation: an l2Book of figures that there are not.
        """
        if question.type == "candleSnapshot":
            if question.req is UNSET or question.req.interval not in INTERVALS_MS:
                raise Undecodable("candleSnapshot needs req")
            return await self.candles(question.req)
        if question.user is not None or question.type in _USER_TYPES:
            return self.users.answer(question)
        return self.public(question)

    # --- public -----------------------------------------------------------------------------------------------------

    def public(self, question: Question) -> object:
        """Answer what is about no user; raises as ``answer`` does."""
        first_dex = not question.dex
        match question.type:
            case "meta":
                return meta(self._venue.listing) if first_dex else {"universe": [], "marginTables": []}
            case "metaAndAssetCtxs":
                return self.meta_and_contexts() if first_dex else [{"universe": [], "marginTables": []}, []]
            case "spotMeta":
                return spot_meta(self._venue.listing)
            case "spotMetaAndAssetCtxs":
                return [spot_meta(self._venue.listing), self.spot_contexts()]
            case "perpDexs":
                return [None]
            case "allPerpMetas":
                return [meta(self._venue.listing)]
            case "allMids":
                return self.mids() if first_dex else {}
            case "l2Book":
                return self._book(question)
            case "recentTrades":
                market = self.market(question)
                return [] if market is None else [*reversed(market.prints)]
            case "exchangeStatus":
                return {"time": self._venue.now_ms(), "specialStatuses": None}
            case "fundingHistory":
                return self._funding_history(question)
            case "predictedFundings":
                return self._predicted_fundings()
            case kind if kind in NOTHING:
                return NOTHING[kind]
            case _:
                raise Undecodable(f"unknown type {question.type!r}")

    def mids(self) -> dict[str, str]:
        """Mid price of every market, by wire name."""
        markets = self._venue.mirror.markets
        return {
            listed.coin: to_wire(markets[listed.symbol_id].mid)
            for listed in self._venue.listing
            if listed.symbol_id in markets
        }

    def meta_and_contexts(self) -> list[object]:
        """Answer of metaAndAssetCtxs: both lists in the same order and of the same length."""
        return [meta(self._venue.listing), self.perp_contexts()]

    def perp_contexts(self) -> list[dict[str, object]]:
        """Contexts of all perpetuals, in the order of ``meta``."""
        return [self.context(listed) for listed in self._venue.listing.perps]

    def spot_contexts(self) -> list[dict[str, object]]:
        """Contexts of all pairs, in the order of ``spotMeta``."""
        return [self.context(listed) for listed in self._venue.listing.spots]

    def context(self, listed: Listed) -> dict[str, object]:
        """Mark, volume and so on of one asset; there is no funding, and the oracle is the mark."""
        market = self._venue.mirror.markets.get(listed.symbol_id)
        if market is None:
            mark = mid = before = "0.0"
            size = dollars = 0
        else:
            opened, size, dollars = market.day(self._venue.now_ns())
            mark, mid, before = to_wire(market.mark), to_wire(market.mid), to_wire(opened)
        shared: dict[str, object] = {
            "prevDayPx": before,
            "dayNtlVlm": to_wire(dollars),
            "markPx": mark,
            "midPx": mid,
            "dayBaseVlm": to_wire(size),
        }
        if listed.asset.spot:
            supply = "1000000000.0"
            return {**shared, "circulatingSupply": supply, "coin": listed.coin, "totalSupply": supply}
        return {
            **shared,
            "funding": _FUNDING,
            "openInterest": to_wire(listed.size(market.open_lots)) if market is not None else "0.0",
            "premium": "0.0",
            "oraclePx": mark,
            "impactPxs": [mid, mid],
        }

    def book(self, market: Market, figures: int | None, mantissa: int | None) -> wire.Book:
        """A book, aggregated if asked; raises ``BadAggregation``."""
        if figures is None and mantissa is None:
            return market.book()
        if figures not in (2, 3, 4, 5) or mantissa not in (None, 1, 2, 5) or (mantissa is not None and figures != 5):
            raise BadAggregation
        return market.aggregated(figures, mantissa)

    async def candles(self, request: CandleRequest) -> list[wire.CandleShape]:
        """Candles of a stretch of time, ascending, the open one included."""
        market = self._venue.mirror.market(request.coin)
        if market is None:
            return []
        length = INTERVALS_MS[request.interval]
        views = await self._venue.engine.candles(market.listed.symbol_id, length * 1_000_000, CANDLES_MAX)
        shapes = (candle_shape(view, market.listed, request.interval) for view in views)
        end = request.end_time if request.end_time is not None else 2**62
        return [shape for shape in shapes if request.start_time <= shape.T and shape.t <= end]

    def _funding_history(self, question: Question) -> list[dict[str, object]]:
        """The rate of each full hour, at most the oldest 500: there is no funding here, so it is zero."""
        market = self.market(question)
        if market is None or market.listed.asset.spot:
            return []
        now = self._venue.now_ms()
        first = max(question.start_time or 0, now - FUNDING_KEPT_HOURS * HOUR_MS)
        last = min(question.end_time if question.end_time is not None else now, now)
        start = -(-first // HOUR_MS) * HOUR_MS
        coin = market.listed.coin
        hours = [*range(start, last + 1, HOUR_MS)][:FUNDINGS_MAX]
        return [{"coin": coin, "fundingRate": _FUNDING, "premium": "0.0", "time": at} for at in hours]

    def _predicted_fundings(self) -> list[object]:
        """The rate of the hour to come, of each perpetual and of this venue alone."""
        next_hour = (self._venue.now_ms() // HOUR_MS + 1) * HOUR_MS
        rate = {"fundingRate": _FUNDING, "nextFundingTime": next_hour, "fundingIntervalHours": 1}
        return [[listed.coin, [["HlPerp", rate]]] for listed in self._venue.listing.perps if not listed.asset.delisted]

    def _book(self, question: Question) -> object:
        market = self.market(question)
        if market is None and self._venue.listing.by_coin(question.coin or "") is not None:
            return wire.Book(coin=question.coin or "", time=self._venue.now_ms(), levels=([], []))  # delisted
        return None if market is None else self.book(market, question.n_sig_figs, question.mantissa)

    def market(self, question: Question) -> Market | None:
        """The market that a question names, None for an unknown one; raises ``Undecodable`` when it names none."""
        if question.coin is None:
            raise Undecodable("coin is missing")
        return self._venue.mirror.market(question.coin)


_USER_TYPES: Final = frozenset(
    {"clearinghouseState", "spotClearinghouseState", "openOrders", "frontendOpenOrders", "orderStatus", "userFills"}
)


def candle_shape(view: CandleView, listed: Listed, interval: str) -> wire.CandleShape:
    """A candle as the wire writes it."""
    start = view.time // 1_000_000
    opened, closed, high, low = (to_wire(listed.price(p)) for p in (view.open, view.close, view.high, view.low))
    return wire.CandleShape(
        t=start,
        T=start + INTERVALS_MS[interval] - 1,
        s=listed.coin,
        i=interval,
        o=opened,
        c=closed,
        h=high,
        l=low,
        v=to_wire(listed.size(view.volume)),
        n=view.trades,
    )

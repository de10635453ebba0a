"""What an order must pass before it reaches the engine, in the venue's own words."""

from __future__ import annotations

import msgspec

from engine.types import Side
from net.hyperliquid import actions, refusals
from net.hyperliquid.decimals import SCALE, from_wire, is_legal_price, is_legal_size
from net.hyperliquid.venue.listing import Listed
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.orders import Tif, TriggerTerms
from net.hyperliquid.venue.settings import VenueSettings


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was understood: e8 price and size, and the same in ticks and lots."""

    listed: Listed
    market: Market
    side: Side
    price: int
    size: int
    ticks: int
    lots: int
    tif: Tif
    reduce_only: bool
    cloid: str | None
    trigger: TriggerTerms | None = None

    @property
    def asset_id(self) -> int:
        """Asset id on the wire."""
        return self.listed.asset.asset_id

    @property
    def value(self) -> int:
        """Price times size in e8 dollars."""
        return self.price * self.size // SCALE


class BadOrder(Exception):
    """An order that is refused: the text, and the status it gets in orderUpdates (None when it gets none)."""

    def __init__(self, text: str, status: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def understand(wire: actions.OrderWire, market: Market | None) -> Wanted:
    """Read an order's numbers.

    Raises:
        BadOrder: no such asset, or numbers of no legal form; a whole batch is refused for one of these.
    """
    if market is None or market.listed.asset.delisted:
        raise BadOrder(refusals.invalid_asset(wire.a))
    listed = market.listed
    price, size = _number(wire.p, refusals.INVALID_PRICE), _number(wire.s, refusals.INVALID_SIZE)
    if size <= 0:
        raise BadOrder(refusals.ZERO_SIZE)
    if price <= 0:
        raise BadOrder(refusals.INVALID_PRICE)
    lots = listed.lots(size)
    if not is_legal_size(size, listed.asset.size_decimals) or lots is None:
        raise BadOrder(refusals.INVALID_SIZE)
    trigger = _trigger(wire, listed)
    ticks = listed.ticks(price)
    legal = is_legal_price(price, listed.asset.size_decimals, spot=listed.asset.spot)
    if not legal or ticks is None:
        raise BadOrder(refusals.tick(wire.a), "tickRejected")
    return Wanted(
        listed=listed,
        market=market,
        side=Side.BUY if wire.b else Side.SELL,
        price=price,
        size=size,
        ticks=ticks,
        lots=lots,
        tif=Tif(wire.t.limit.tif) if wire.t.limit else (Tif.IOC if trigger and trigger.is_market else Tif.GTC),
        reduce_only=wire.r,
        cloid=wire.c,
        trigger=trigger,
    )


def check(wanted: Wanted, settings: VenueSettings, held: int) -> None:
    """Check an order that was understood against market and position (``held``, signed lots).

    Raises:
        BadOrder: with the status that such an order gets.
    """
    asset = wanted.asset_id
    spot = wanted.listed.asset.spot
    if not wanted.reduce_only and wanted.value < settings.minimum_value:
        raise BadOrder(refusals.minimum_value(asset, spot=spot), "minTradeNtlRejected")
    if wanted.value > settings.maximum_value * SCALE:
        raise BadOrder(refusals.too_large(settings.maximum_value))
    mark = wanted.market.mark
    if wanted.trigger is None and abs(wanted.price - mark) * 100 > mark * settings.bounds_percent:
        raise BadOrder(refusals.out_of_bounds(asset, settings.bounds_percent), "oracleRejected")
    if wanted.trigger is not None:
        above = wanted.trigger.above(wanted.side)
        if (mark >= wanted.trigger.price) if above else (mark <= wanted.trigger.price):
            raise BadOrder(refusals.trigger_price(asset), "badTriggerPxRejected")
        return
    if wanted.reduce_only and not spot:
        shrinks = held < 0 if wanted.side is Side.BUY else held > 0
        if not shrinks:
            raise BadOrder(refusals.reduce_only(asset), "reduceOnlyRejected")
    if wanted.tif is Tif.FRONTEND_MARKET:
        opposite = wanted.market.asks if wanted.side is Side.BUY else wanted.market.bids
        if opposite.best() is None:
            raise BadOrder(refusals.no_liquidity(asset), "marketOrderNoLiquidityRejected")


def _trigger(wire: actions.OrderWire, listed: Listed) -> TriggerTerms | None:
    trigger = wire.t.trigger
    if trigger is None:
        return None
    price = _number(trigger.trigger_px, refusals.trigger_price(wire.a))
    if not is_legal_price(price, listed.asset.size_decimals, spot=listed.asset.spot):
        raise BadOrder(refusals.trigger_price(wire.a), "badTriggerPxRejected")
    return TriggerTerms(price=price, tpsl=trigger.tpsl, is_market=trigger.is_market)


def _number(text: str, refusal: str) -> int:
    try:
        return from_wire(text)
    except ValueError as error:
        raise BadOrder(refusal) from error

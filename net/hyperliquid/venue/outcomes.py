"""What the engine answered, in the venue's words: a refusal's text and status, or how an order stands."""

from __future__ import annotations

from engine.types import OrderStatus, RejectCode
from net.engine_protocol import Reply
from net.hyperliquid import refusals
from net.hyperliquid.decimals import to_wire
from net.hyperliquid.venue.checks import BadOrder, Wanted
from net.hyperliquid.venue.orders import Tif

ItemStatus = dict[str, object] | str
"""One entry of ``statuses``."""


def refused(code: RejectCode, message: str, wanted: Wanted, bounds_percent: int) -> BadOrder:
    """Why the engine refused an order, as the venue would have said it."""
    asset, spot = wanted.asset_id, wanted.listed.asset.spot
    match code:
        case RejectCode.INSUFFICIENT_FUNDS | RejectCode.POSITION_LIMIT if spot:
            return BadOrder(refusals.spot_balance(asset), "insufficientSpotBalanceRejected")
        case RejectCode.INSUFFICIENT_FUNDS:
            return BadOrder(refusals.margin(asset), "perpMarginRejected")
        case RejectCode.POSITION_LIMIT:
            return BadOrder(refusals.margin(asset), "perpMaxPositionRejected")
        case RejectCode.WOULD_CROSS:
            bid, ask = wanted.market.bids.best(), wanted.market.asks.best()
            tick = wanted.listed.tick
            best = (bid.price * tick if bid else None, ask.price * tick if ask else None)
            return BadOrder(refusals.post_only(asset, *best), "badAloPxRejected")
        case RejectCode.WOULD_NOT_REDUCE:
            return BadOrder(refusals.reduce_only(asset), "reduceOnlyRejected")
        case RejectCode.NO_LIQUIDITY:
            return BadOrder(refusals.no_liquidity(asset), "marketOrderNoLiquidityRejected")
        case RejectCode.PRICE_OUT_OF_BAND:
            return BadOrder(refusals.out_of_bounds(asset, bounds_percent), "oracleRejected")
        case RejectCode.PRICE_OFF_TICK:
            return BadOrder(refusals.tick(asset), "tickRejected")
        case RejectCode.INSTRUMENT_HALTED:
            return BadOrder(refusals.halted(asset), "rejected")
        case RejectCode.UNKNOWN_INSTRUMENT:
            return BadOrder(refusals.invalid_asset(asset))
        case RejectCode.QUEUE_FULL | RejectCode.RATE_LIMITED | RejectCode.ENGINE_UNAVAILABLE:
            return BadOrder(refusals.UNAVAILABLE)
        case _:
            return BadOrder(refusals.on_asset(f"{message[:1].upper()}{message[1:]}.", asset), "rejected")


def standing(reply: Reply, wanted: Wanted, oid: int) -> ItemStatus:
    """How an order stands that the engine took. Raises ``BadOrder`` for one that could not do what it insisted on."""
    named: dict[str, object] = {} if wanted.cloid is None else {"cloid": wanted.cloid}
    if reply.cum_qty:
        tick_lots = reply.cum_notional or 0
        average = (tick_lots * wanted.listed.tick * 2 + reply.cum_qty) // (2 * reply.cum_qty)
        size = wanted.listed.size(reply.cum_qty)
        return {"filled": {"totalSz": to_wire(size), "avgPx": to_wire(average), "oid": oid, **named}}
    if reply.order_status is OrderStatus.CANCELED and wanted.tif in (Tif.IOC, Tif.FRONTEND_MARKET):
        raise BadOrder(refusals.immediate(wanted.asset_id))
    return {"resting": {"oid": oid, **named}}

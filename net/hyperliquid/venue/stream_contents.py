"""What a stream shows: its first frame, and for the streams of full states every later one too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from net.errors import TradesimError
from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.subscriptions import AnySubscription
from net.hyperliquid.venue.markets import BACKFILL, FAST_DEPTH, Market
from net.hyperliquid.venue.questions import CandleRequest
from net.hyperliquid.venue.users import User, newest_first, twap_fills

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

_SNAPSHOT: Final = 2_000

Frames = Iterator[tuple[str, object]]
"""Channel and data; at most one."""


def shown(venue: Venue, key: AnySubscription) -> Frames:
    """What a stream shows now, nothing for one that tells events only."""
    market = venue.mirror.market(getattr(key, "coin", ""))
    if market is not None:
        yield from _of_market(venue, key, market)
    if hasattr(key, "user"):
        yield from _of_user(venue, key, venue.users.get(key.user) or User(key.user), market)
    match key:
        case subs.AllMids():
            yield "allMids", {"mids": venue.info.mids()}
        case subs.AssetCtxs():
            yield "assetCtxs", {"dex": "", "ctxs": venue.info.perp_contexts()}
        case subs.AllDexsAssetCtxs():
            yield "allDexsAssetCtxs", {"ctxs": [["", venue.info.perp_contexts()]]}
        case subs.SpotAssetCtxs():
            yield "spotAssetCtxs", venue.info.spot_contexts()


async def open_candle(venue: Venue, key: subs.Candle) -> wire.CandleShape | None:
    """The candle that is not closed yet; None before the first trade, or while the engine is away."""
    try:
        candles = await venue.info.candles(CandleRequest(coin=key.coin, interval=key.interval, start_time=0))
    except TradesimError:
        return None
    return candles[-1] if candles else None


def _of_market(venue: Venue, key: AnySubscription, market: Market) -> Frames:
    match key:
        case subs.L2Book(fast=True):
            yield "l2Book", market.book(FAST_DEPTH, fast=True)
        case subs.L2Book():
            yield "l2Book", venue.info.book(market, key.n_sig_figs, key.mantissa)
        case subs.Bbo():
            yield "bbo", market.best()
        case subs.Trades() if market.prints:
            yield "trades", [*market.prints][-BACKFILL:]
        case subs.ActiveAssetCtx(coin=coin):
            channel = "activeSpotAssetCtx" if market.listed.asset.spot else "activeAssetCtx"
            yield channel, {"coin": coin, "ctx": venue.info.context(market.listed)}


def _of_user(venue: Venue, key: AnySubscription, user: User, market: Market | None) -> Frames:
    users, address, now = venue.info.users, user.address, venue.now_ms()
    match key:
        case subs.ClearinghouseState():
            state = users.margin(user).state(now)
            yield "clearinghouseState", {"dex": "", "user": address, "clearinghouseState": state}
        case subs.AllDexsClearinghouseState():
            states = [["", users.margin(user).state(now)]]
            yield "allDexsClearinghouseState", {"user": address, "clearinghouseStates": states}
        case subs.OpenOrders():
            yield "openOrders", {"dex": "", "user": address, "orders": users.open_orders(user)}
        case subs.SpotState():
            yield "spotState", {"user": address, "spotState": users.spot_state(user)}
        case subs.ActiveAssetData() if market is not None:
            yield "activeAssetData", users.active_asset_data(user, market)
        case subs.TwapStates():
            yield "twapStates", {"dex": "", "user": address, "states": venue.twaps.states(address)}
        case subs.WebData2():
            yield "webData2", users.web_data(user)
        case subs.WebData3():
            yield "webData3", users.web_data_3(user)
        case _:
            yield from _history(venue, key, user)


def _history(venue: Venue, key: AnySubscription, user: User) -> Frames:
    """What happened so far, where a stream of events begins with that."""
    match key:
        case subs.UserFills():
            fills = newest_first(user.fills, _SNAPSHOT)
            yield "userFills", wire.UserFillsData(user=user.address, fills=fills, is_snapshot=True)
            return
        case subs.UserFundings():
            channel, name, entries = "userFundings", "fundings", list[object]()
        case subs.UserLedger():
            channel, name, entries = "userNonFundingLedgerUpdates", "nonFundingLedgerUpdates", [*user.transfers]
        case subs.UserHistoricalOrders():
            channel, name, entries = "userHistoricalOrders", "orderHistory", [*reversed(user.history)]
        case subs.UserTwapHistory():
            channel, name, entries = "userTwapHistory", "history", [*venue.twaps.history(user.address)]
        case subs.UserTwapSliceFills():
            slices = twap_fills(newest_first(user.fills, _SNAPSHOT))
            channel, name, entries = "userTwapSliceFills", "twapSliceFills", [*slices]
        case _:
            return
    yield channel, {"isSnapshot": True, "user": user.address, name: entries}

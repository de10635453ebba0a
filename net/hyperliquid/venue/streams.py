"""The venue's streams: who listens to what, and what is pushed when.

Books, quotes, mids and states go out at their cadence, always the newest; prints gather for one beat; what happens to a
user's orders goes out at once. A frame is made once and written to everybody who listens.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from net.gateway.connection import Connection
from net.gateway.frames import text_frame
from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.subscriptions import AnySubscription
from net.hyperliquid.venue.faults import Fault, FaultKind, Faults
from net.hyperliquid.venue.limits import SocketLimits
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.orders import Order
from net.hyperliquid.venue.questions import BadAggregation
from net.hyperliquid.venue.stream_contents import open_candle, shown
from net.hyperliquid.venue.stream_session import StreamSession
from net.hyperliquid.venue.users import User, twap_fills

if TYPE_CHECKING:
    from net.hyperliquid.venue.settings import VenueSettings
    from net.hyperliquid.venue.venue import Venue

BEAT_S: Final = 0.045
"""A block of the live venue: nothing is pushed more often."""
_MIDS: Final = (subs.AllMids,)
_CONTEXTS: Final = (subs.ActiveAssetCtx, subs.AssetCtxs, subs.AllDexsAssetCtxs, subs.SpotAssetCtxs)
_STATES: Final = (
    subs.ClearinghouseState,
    subs.AllDexsClearinghouseState,
    subs.OpenOrders,
    subs.SpotState,
    subs.ActiveAssetData,
    subs.TwapStates,
    subs.WebData2,
    subs.WebData3,
)
"""Full states of users, whom every mark that moves changes."""
_NEWEST_WINS: Final = frozenset(
    {"l2Book", "bbo", "candle", "allMids", "activeAssetCtx", "activeSpotAssetCtx", "activeAssetData"}
    | {str(kind.__struct_config__.tag) for kind in (*_CONTEXTS, *_STATES)}
)
"""Channels of which a client that reads slowly may miss some."""

_log = structlog.get_logger(__name__)


class Streams:
    """All connections of the venue, and what they subscribed to."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.faults = Faults()
        self.limits = SocketLimits() if venue.settings.rate_limits else None
        self._sessions: set[StreamSession] = set()
        self._listeners: dict[AnySubscription, set[StreamSession]] = {}
        self._prints: dict[str, list[wire.Print]] = {}
        self._bests: dict[str, wire.BestPrices] = {}
        self._stirred: dict[str, Market] = {}
        self._traded: set[str] = set()
        self._due: dict[str, float] = {}
        self._frozen_until = 0.0
        self._first_candles: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> VenueSettings:
        """The venue's switches."""
        return self.venue.settings

    @property
    def connections(self) -> int:
        """Clients connected now."""
        return len(self._sessions)

    @property
    def subscribed(self) -> int:
        """Different streams that somebody listens to."""
        return len(self._listeners)

    # --- connections ------------------------------------------------------------------------------------------------

    def accept(self, connection: Connection) -> StreamSession:
        """A session for a new connection."""
        session = StreamSession(self, connection)
        self._sessions.add(session)
        return session

    def leave(self, session: StreamSession) -> None:
        """A connection is gone."""
        if self.limits is not None and session in self._sessions:
            self.limits.closes(session.address)
        self._sessions.discard(session)
        for key in session.subscriptions:
            self.part(session, key)

    def join(self, session: StreamSession, key: AnySubscription) -> None:
        """Let a session listen, and send it what the stream begins with."""
        self._listeners.setdefault(key, set()).add(session)
        if isinstance(key, subs.Candle):
            task = asyncio.get_running_loop().create_task(self._first_candle(session, key))
            self._first_candles.add(task)
            task.add_done_callback(self._first_candles.discard)
            return
        if isinstance(key, subs.Bbo) and len(self._listeners[key]) == 1:
            self._remember_best(key)
        for channel, data in shown(self.venue, key):
            session.send(_payload(channel, data))

    def part(self, session: StreamSession, key: AnySubscription) -> None:
        """Let a session listen no more."""
        listeners = self._listeners.get(key)
        if listeners is not None:
            listeners.discard(session)
            if not listeners:
                del self._listeners[key]

    def knows(self, subscription: AnySubscription) -> bool:
        """Whether a subscription names a dex and a coin that are listed, and an aggregation that exists."""
        if getattr(subscription, "dex", ""):
            return False
        coin = getattr(subscription, "coin", None)
        if coin is None:
            return True
        market = self.venue.mirror.market(coin)
        if market is None:
            return False
        if isinstance(subscription, subs.L2Book):
            try:
                self.venue.info.book(market, subscription.n_sig_figs, subscription.mantissa)
            except BadAggregation:
                return False
        return True

    # --- what the venue says ----------------------------------------------------------------------------------------

    def loaded(self) -> None:
        """The venue was loaded: who waited for it may speak."""
        for session in [*self._sessions]:
            session.go_on()

    def printed(self, market: Market, print_: wire.Print) -> None:
        """A public trade."""
        coin = market.listed.coin
        if subs.Trades(coin=coin) in self._listeners:
            self._prints.setdefault(coin, []).append(print_)
        self._traded.add(coin)

    def moved(self, market: Market) -> None:
        """A book or mark changed."""
        self._stirred[market.listed.coin] = market

    def updated(self, user: User, orders: list[Order]) -> None:
        """A user's orders changed."""
        address = user.address
        self._tell(subs.OrderUpdates(user=address), "orderUpdates", [order.update() for order in orders])
        others = [{"coin": each.listed.coin, "oid": each.oid} for each in orders if each.status.endswith("Canceled")]
        if others:
            self._tell(subs.UserEvents(user=address), "user", {"nonUserCancel": others})
        history = subs.UserHistoricalOrders(user=address)
        if history in self._listeners:
            records = [order.record() for order in orders]
            self._tell(history, "userHistoricalOrders", {"user": address, "orderHistory": records})

    def filled(self, user: User, fills: list[wire.Fill]) -> None:
        """A user's orders traded."""
        self._tell(subs.UserEvents(user=user.address), "user", {"fills": fills})
        for aggregate in (False, True):
            each = subs.UserFills(user=user.address, aggregate_by_time=aggregate)
            self._tell(each, "userFills", {"user": user.address, "fills": fills})
        slices = twap_fills(fills)
        if slices:
            key = subs.UserTwapSliceFills(user=user.address)
            self._tell(key, "userTwapSliceFills", {"user": user.address, "twapSliceFills": slices})

    def twap_changed(self, user: User, entry: dict[str, object]) -> None:
        """A TWAP order began or ended."""
        data = {"user": user.address, "history": [entry]}
        self._tell(subs.UserTwapHistory(user=user.address), "userTwapHistory", data)

    def liquidated(self, user: User, event: dict[str, object]) -> None:
        """A user's positions are closed for want of margin."""
        self._tell(subs.UserEvents(user=user.address), "user", {"liquidation": event})
        text = "Your positions are closed at the market: your margin is below what they need."
        self._tell(subs.Notification(user=user.address), "notification", {"notification": text})

    def transferred(self, user: User, entry: dict[str, object]) -> None:
        """Money of a user moved."""
        data = {"user": user.address, "nonFundingLedgerUpdates": [entry]}
        self._tell(subs.UserLedger(user=user.address), "userNonFundingLedgerUpdates", data)

    def freeze(self, seconds: float) -> None:
        """Let all streams stand still."""
        self._frozen_until = asyncio.get_running_loop().time() + seconds

    # --- the beat ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Push what is due, beat by beat, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(BEAT_S)
            now = loop.time()
            if not self._sessions:
                self._stirred.clear()
                self._traded.clear()
                continue
            fault = self.faults.strike("ws", FaultKind.FREEZE, FaultKind.DROP)
            if fault is not None:
                self._break(fault)
            if now >= self._frozen_until:
                try:
                    await self._beat(now)
                except Exception:
                    _log.exception("hyperliquid_beat_failed")
            self._cut_idle(now)

    async def _beat(self, now: float) -> None:
        cadences = self.settings.cadences
        self._push_prints()
        if self._is_due("best", now, cadences.best):
            self._push_bests()
        if self._is_due("fast", now, cadences.fast_book):
            self._push_books(fast=True)
        if self._is_due("whole", now, cadences.whole_book):
            self._push_books(fast=False)
        if self._is_due("mids", now, cadences.mids):
            self._push_each(_MIDS)
        if self._is_due("context", now, cadences.context):
            self._push_each(_CONTEXTS)
        if self._is_due("state", now, cadences.user_state):
            self._push_each(_STATES)
        if self._is_due("candle", now, cadences.candle):
            await self._push_candles()

    def _is_due(self, name: str, now: float, every: float) -> bool:
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + every - BEAT_S / 2
        return True

    def _push_prints(self) -> None:
        prints, self._prints = self._prints, {}
        for coin, new in prints.items():
            self._tell(subs.Trades(coin=coin), "trades", new)

    def _push_bests(self) -> None:
        stirred, self._stirred = self._stirred, {}
        for coin in stirred:
            key = subs.Bbo(coin=coin)
            if key in self._listeners and self._remember_best(key):
                self._tell(key, "bbo", self._bests[coin])

    def _remember_best(self, key: subs.Bbo) -> bool:
        """Take the best prices of now for those that all who listen know; whether they are others than before."""
        market = self.venue.mirror.market(key.coin)
        if market is None:
            return False
        known, best = self._bests.get(key.coin), market.best()
        self._bests[key.coin] = best
        return known is None or known.bbo != best.bbo

    def _push_books(self, *, fast: bool) -> None:
        for key in [*self._listeners]:
            if isinstance(key, subs.L2Book) and key.fast is fast:
                self._push(key)

    def _push_each(self, kinds: tuple[type[AnySubscription], ...]) -> None:
        for key in [*self._listeners]:
            if isinstance(key, kinds):
                self._push(key)

    def _push(self, key: AnySubscription) -> None:
        for channel, data in shown(self.venue, key):
            self._tell(key, channel, data)

    async def _push_candles(self) -> None:
        traded, self._traded = self._traded, set()
        for key in [*self._listeners]:
            if isinstance(key, subs.Candle) and key.coin in traded:
                candle = await open_candle(self.venue, key)
                if candle is not None:
                    self._tell(key, "candle", candle)

    async def _first_candle(self, session: StreamSession, key: subs.Candle) -> None:
        candle = await open_candle(self.venue, key)
        if candle is not None:
            session.send(_payload("candle", candle))

    # --- sending ----------------------------------------------------------------------------------------------------

    def _tell(self, key: AnySubscription, channel: str, data: object) -> None:
        """Write one frame to everybody who listens."""
        listeners = self._listeners.get(key)
        if not listeners:
            return
        frame = text_frame(_payload(channel, data))
        for session in [*listeners]:
            session.push(channel, frame, newest_wins=channel in _NEWEST_WINS)

    def _break(self, fault: Fault) -> None:
        if fault.kind is FaultKind.FREEZE:
            self.freeze(fault.seconds)
            return
        for session in [*self._sessions]:
            session.hang_up()

    def _cut_idle(self, now: float) -> None:
        limit = self.settings.idle_cut_s
        if limit is None:
            return
        for session in [*self._sessions]:
            if now - session.sent_at > limit:
                session.hang_up()


def _payload(channel: str, data: object) -> bytes:
    return msgspec.json.encode({"channel": channel, "data": data})

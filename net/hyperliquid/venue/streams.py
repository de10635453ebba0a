"""The venue's streams: who listens to what, and what is pushed when.

Books, quotes, mids and states go out at their cadence, always the newest; prints gather for one beat; what happens to a
user's orders goes out at once. A frame is made once and written to everybody who listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from net.errors import TradesimError
from net.gateway.connection import Connection
from net.gateway.frames import text_frame
from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.subscriptions import AnySubscription
from net.hyperliquid.venue.answers import Answer, err
from net.hyperliquid.venue.exchange import read
from net.hyperliquid.venue.faults import Fault, FaultKind, Faults
from net.hyperliquid.venue.limits import SocketLimits
from net.hyperliquid.venue.markets import BACKFILL, FAST_DEPTH, Market
from net.hyperliquid.venue.orders import Order
from net.hyperliquid.venue.questions import BadAggregation, CandleRequest
from net.hyperliquid.venue.stream_session import StreamSession
from net.hyperliquid.venue.users import User, newest_first

if TYPE_CHECKING:
    from net.hyperliquid.venue.settings import VenueSettings
    from net.hyperliquid.venue.venue import Venue

BEAT_S: Final = 0.045
"""A block of the live venue: nothing is pushed more often."""
_SNAPSHOT_FILLS: Final = 2_000
_PRIVATE: Final = frozenset({"orderUpdates", "user", "userFills", "userNonFundingLedgerUpdates", "trades"})

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
        for channel, data in self._first(key):
            session.send(_payload(channel, data))

    def part(self, session: StreamSession, key: AnySubscription) -> None:
        """Let a session listen no more."""
        listeners = self._listeners.get(key)
        if listeners is not None:
            listeners.discard(session)
            if not listeners:
                del self._listeners[key]

    def knows(self, subscription: AnySubscription) -> bool:
        """Whether a subscription names a coin that is listed and an aggregation that exists."""
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

    async def act(self, payload: memoryview) -> Answer | None:
        """Do a signed action, faults included; None when the answer is to be lost."""
        return await act_with_faults(self.venue, payload)

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
        self._tell(subs.OrderUpdates(user=user.address), "orderUpdates", [order.update() for order in orders])

    def filled(self, user: User, fills: list[wire.Fill]) -> None:
        """A user's orders traded."""
        self._tell(subs.UserEvents(user=user.address), "user", {"fills": fills})
        for aggregate in (False, True):
            key = subs.UserFills(user=user.address, aggregate_by_time=aggregate)
            self._tell(key, "userFills", {"user": user.address, "fills": fills})

    def liquidated(self, user: User, event: dict[str, object]) -> None:
        """A user's positions are closed for want of margin."""
        self._tell(subs.UserEvents(user=user.address), "user", {"liquidation": event})

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
            self._push_each(subs.AllMids)
        if self._is_due("context", now, cadences.context):
            self._push_each(subs.ActiveAssetCtx)
        if self._is_due("state", now, cadences.user_state):
            self._push_states()
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
        for coin, market in stirred.items():
            key = subs.Bbo(coin=coin)
            if key not in self._listeners:
                continue
            best = market.best()
            known = self._bests.get(coin)
            if known is None or known.bbo != best.bbo:
                self._bests[coin] = best
                self._tell(key, "bbo", best)

    def _push_books(self, *, fast: bool) -> None:
        for key in [*self._listeners]:
            if isinstance(key, subs.L2Book) and key.fast is fast:
                for channel, data in self._first(key):
                    self._tell(key, channel, data)

    def _push_each(self, kind: type[AnySubscription]) -> None:
        for key in [*self._listeners]:
            if isinstance(key, kind):
                for channel, data in self._first(key):
                    self._tell(key, channel, data)

    def _push_states(self) -> None:
        """Full states of users, whom every mark that moves changes."""
        kinds = (subs.ClearinghouseState, subs.OpenOrders, subs.SpotState, subs.ActiveAssetData, subs.WebData2)
        for key in [*self._listeners]:
            if isinstance(key, kinds):
                for channel, data in self._first(key):
                    self._tell(key, channel, data)

    async def _push_candles(self) -> None:
        traded, self._traded = self._traded, set()
        for key in [*self._listeners]:
            if isinstance(key, subs.Candle) and key.coin in traded:
                candle = await self._candle(key)
                if candle is not None:
                    self._tell(key, "candle", candle)

    async def _first_candle(self, session: StreamSession, key: subs.Candle) -> None:
        candle = await self._candle(key)
        if candle is not None:
            session.send(_payload("candle", candle))

    async def _candle(self, key: subs.Candle) -> wire.CandleShape | None:
        try:
            candles = await self.venue.info.candles(CandleRequest(coin=key.coin, interval=key.interval, start_time=0))
        except TradesimError:
            return None
        return candles[-1] if candles else None

    def _first(self, key: AnySubscription) -> Iterable[tuple[str, object]]:
        """What a stream begins with, and for the full-state streams every later frame too."""
        market = self.venue.mirror.market(getattr(key, "coin", ""))
        match key:
            case subs.L2Book() if market is not None:
                yield "l2Book", self._book(key, market)
            case subs.Bbo(coin=coin) if market is not None:
                self._bests[coin] = market.best()
                yield "bbo", self._bests[coin]
            case subs.Trades() if market is not None and market.prints:
                yield "trades", [*market.prints][-BACKFILL:]
            case subs.AllMids():
                yield "allMids", {"mids": self.venue.info.mids()}
            case subs.ActiveAssetCtx(coin=coin) if market is not None:
                channel = "activeSpotAssetCtx" if market.listed.asset.spot else "activeAssetCtx"
                yield channel, {"coin": coin, "ctx": self.venue.info.context(market.listed)}
            case subs.OrderUpdates() | subs.UserEvents():
                return
            case _:
                yield from self._first_of_user(key, market)

    def _first_of_user(self, key: AnySubscription, market: Market | None) -> Iterable[tuple[str, object]]:
        address = getattr(key, "user", "")
        user = self.venue.users.get(address) or User(address)
        info = self.venue.info
        match key:
            case subs.UserFills():
                fills = newest_first(user.fills, _SNAPSHOT_FILLS)
                yield "userFills", wire.UserFillsData(user=address, fills=fills, is_snapshot=True)
            case subs.UserFundings():
                yield "userFundings", {"isSnapshot": True, "user": address, "fundings": []}
            case subs.UserLedger():
                updates: list[object] = [*user.transfers]
                yield (
                    "userNonFundingLedgerUpdates",
                    {"isSnapshot": True, "user": address, "nonFundingLedgerUpdates": updates},
                )
            case subs.ClearinghouseState():
                state = info.users.margin(user).state(self.venue.now_ms())
                yield "clearinghouseState", {"dex": "", "user": address, "clearinghouseState": state}
            case subs.OpenOrders():
                yield "openOrders", {"dex": "", "user": address, "orders": info.users.open_orders(user)}
            case subs.SpotState():
                yield "spotState", {"user": address, "spotState": info.users.spot_state(user)}
            case subs.ActiveAssetData() if market is not None:
                yield "activeAssetData", info.users.active_asset_data(user, market)
            case subs.WebData2():
                yield "webData2", info.users.web_data(user)
            case _:
                return

    def _book(self, key: subs.L2Book, market: Market) -> wire.Book:
        if key.fast:
            return market.book(FAST_DEPTH, fast=True)
        return self.venue.info.book(market, key.n_sig_figs, key.mantissa)

    # --- sending ----------------------------------------------------------------------------------------------------

    def _tell(self, key: AnySubscription, channel: str, data: object) -> None:
        """Write one frame to everybody who listens."""
        listeners = self._listeners.get(key)
        if not listeners:
            return
        frame = text_frame(_payload(channel, data))
        for session in [*listeners]:
            session.push(channel, frame, newest_wins=channel not in _PRIVATE)

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


async def act_with_faults(venue: Venue, payload: bytes | memoryview) -> Answer | None:
    """Do a signed action, or let the fault that waits for it strike; None when no answer may leave."""
    faults = venue.streams.faults
    kind = _action_type(payload)
    fault = faults.strike(kind, FaultKind.DROP, FaultKind.DELAY, FaultKind.REFUSE, FaultKind.LOSE_ANSWER)
    if fault is None:
        return await venue.exchange.act(payload)
    match fault.kind:
        case FaultKind.DROP:
            return None
        case FaultKind.REFUSE:
            read(payload)
            return err(fault.text)
        case FaultKind.LOSE_ANSWER:
            await venue.exchange.act(payload)
            return None
        case _:
            answer = await venue.exchange.act(payload)
            await asyncio.sleep(fault.seconds)
            return answer


class _OnlyAction(msgspec.Struct, frozen=True):
    class _OnlyType(msgspec.Struct, frozen=True):
        type: str = ""

    action: _OnlyType = _OnlyType()


def _action_type(payload: bytes | memoryview) -> str:
    try:
        return msgspec.json.decode(payload, type=_OnlyAction).action.type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _payload(channel: str, data: object) -> bytes:
    return msgspec.json.encode({"channel": channel, "data": data})

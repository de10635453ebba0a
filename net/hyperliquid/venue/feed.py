"""Keeps the venue's mirror in step with the engine: a snapshot, the users as they stand, then every event."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import structlog

from engine.service import AccountView, FillView, OrderView
from net.backoff import Backoff
from net.errors import EventsLost, TradesimError
from net.hyperliquid import wire
from net.hyperliquid.decimals import to_wire
from net.hyperliquid.venue.listing import Listed
from net.hyperliquid.venue.markets import HOUR_NS, Market, event_hash, print_of, side_letter
from net.hyperliquid.venue.mirror import NS_PER_MS, tif_of
from net.hyperliquid.venue.orders import CANCELED, FILLED, OPEN, Order, Tif, named, read_tag
from net.hyperliquid.venue.users import Purse, User, Wallet, direction, public_address, signed, user_of

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

_log = structlog.get_logger(__name__)
_FILLS_READ: Final = 500
_TRIES: Final = 20


class Feed:
    """Loads and follows, over and over for as long as it takes."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def run(self) -> None:
        """Follow the engine until cancelled."""
        backoff = Backoff(random.Random())
        while True:
            try:
                await self._load_and_follow(backoff)
            except EventsLost as lost:
                _log.warning("hyperliquid_venue_reloads", reason=str(lost))
            except TradesimError as error:
                _log.info("hyperliquid_venue_waits", reason=str(error))
            except Exception:
                _log.exception("hyperliquid_venue_failed")
            self._venue.ready.clear()
            await asyncio.sleep(backoff.next_delay_s())

    async def _load_and_follow(self, backoff: Backoff) -> None:
        venue = self._venue
        snapshot = await venue.engine.snapshot()
        venue.listing.load(snapshot.instruments)
        mirror = venue.mirror
        mirror.markets.clear()
        mirror.time, mirror.sequence = snapshot.time, snapshot.sequence
        for instrument in snapshot.instruments:
            listed = venue.listing.by_symbol(instrument.symbol_id)
            if listed is not None:
                mirror.markets[instrument.symbol_id] = Market(listed, instrument.initial_price)
        for depth in snapshot.books:
            if depth.symbol_id in mirror.markets:
                mirror.markets[depth.symbol_id].load(depth, snapshot.time // NS_PER_MS)
        for trade in sorted(snapshot.trades, key=lambda each: each.trade_id):
            market = mirror.markets.get(trade.symbol_id)
            if market is not None:
                nobody = (public_address(""), public_address(""))
                time_ms = trade.time // NS_PER_MS
                print_ = print_of(market.listed, trade.trade_id, trade.price, trade.qty, trade.side, time_ms, nobody)
                market.prints.append(print_)
        for symbol_id, market in mirror.markets.items():
            market.load_hours(await venue.engine.candles(symbol_id, HOUR_NS, 25))
        for view in await venue.engine.accounts():
            found = user_of(view.account)
            if found is not None:
                await self.load_wallet(*found)
        venue.loaded()
        async for batch in venue.engine.events(snapshot.sequence + 1, snapshot.epoch):
            backoff.reset()
            mirror.apply(batch)
            venue.caught(mirror.sequence)

    async def load_wallet(self, address: str, wallet: Wallet) -> None:
        """Load one wallet as it stands between two trades: read until account and fills agree."""
        venue = self._venue
        user = venue.users.open(address)
        purse = user.purses[wallet]
        for _ in range(_TRIES):
            before = await venue.engine.accounts([purse.account])
            fills = await venue.engine.fills(purse.account, _FILLS_READ)
            orders = await venue.engine.orders(purse.account)
            if before == await venue.engine.accounts([purse.account]):
                break
        if before:
            self._take(user, purse, before[0], fills, orders)

    def _take(
        self, user: User, purse: Purse, view: AccountView, fills: list[FillView], orders: list[OrderView]
    ) -> None:
        purse.load(view, fills[0].trade_id if fills else 0)
        for order_view in orders:
            listed = self._venue.listing.by_symbol(order_view.symbol_id)
            if listed is not None:
                _keep_up(user, order_view, listed)
        known = {fill.tid for fill in user.fills}
        held = {symbol_id: holding.lots for symbol_id, holding in purse.holdings.items()}
        shapes, new = [], []
        for fill in fills:
            listed = self._venue.listing.by_symbol(fill.symbol_id)
            if listed is None:
                continue
            held[fill.symbol_id] = held.get(fill.symbol_id, 0) - signed(fill.side, fill.qty)
            if fill.trade_id not in known:
                shapes.append(_fill(fill, listed, held[fill.symbol_id], user.address))
                new.append((fill, listed))
        user.fills.extend(reversed(shapes))
        working = {order_view.order_id for order_view in orders}
        for fill, listed in reversed(new):
            if fill.order_id not in working:
                _ended_by(user, purse, fill, listed)
        self._end_missing(user, purse, working)
        for order in user.orders.values():
            user.count(order)

    def _end_missing(self, user: User, purse: Purse, working: set[int]) -> None:
        """Orders that ended while nobody listened."""
        for order in [*user.open_orders()]:
            if order.account == purse.account and order.engine_id is not None and order.engine_id not in working:
                order.stand(FILLED if order.filled >= order.size else CANCELED, self._venue.now_ms())
                user.note(order)


def _keep_up(user: User, view: OrderView, listed: Listed) -> None:
    """A working order as the engine has it, in place of what was known of it."""
    now = _order(view, listed)
    known = user.orders.get(now.oid)
    if known is None:
        user.add(now)
        return
    if known.engine_id is None:
        user.enter(known, view.order_id)
        known.stand(OPEN, now.created)
    known.limit, known.size, known.filled = now.limit, now.size, now.filled


def _ended_by(user: User, purse: Purse, fill: FillView, listed: Listed) -> None:
    """What a fill tells of an order that no longer works."""
    size, time_ms = listed.size(fill.qty), fill.time // NS_PER_MS
    tag = read_tag(fill.client_order_id)
    oid = fill.order_id if tag.oid is None else tag.oid
    order = user.orders.get(oid)
    if order is None:
        order = Order(
            oid=oid,
            account=purse.account,
            listed=listed,
            side=fill.side,
            limit=listed.price(fill.price),
            size=size,
            tif=Tif.GTC,
            created=time_ms,
            cloid=tag.cloid,
            engine_id=fill.order_id,
        )
        order.stand(FILLED, time_ms)
        user.add(order)
    elif order.engine_id is None:
        user.enter(order, fill.order_id)
    order.filled += size
    order.size = max(order.size, order.filled)


def _order(view: OrderView, listed: Listed) -> Order:
    tag = read_tag(view.client_order_id)
    order = Order(
        oid=view.order_id if tag.oid is None else tag.oid,
        account=view.account,
        listed=listed,
        side=view.side,
        limit=listed.price(view.price or 0),
        size=listed.size(view.qty),
        tif=tif_of(view.order_type, view.tif, post_only=view.post_only, from_page=tag.from_page),
        created=view.created_at // NS_PER_MS,
        reduce_only=view.reduce_only,
        cloid=tag.cloid,
        engine_id=view.order_id,
    )
    order.filled = listed.size(view.cum_qty)
    return order


def _fill(view: FillView, listed: Listed, before: int, user: str) -> wire.Fill:
    """A fill of before the venue began to watch; what it closed is not known any more."""
    tag = read_tag(view.client_order_id)
    shape = wire.Fill(
        coin=listed.coin,
        px=to_wire(listed.price(view.price)),
        sz=to_wire(listed.size(view.qty)),
        side=side_letter(view.side),
        time=view.time // NS_PER_MS,
        start_position=to_wire(listed.size(before)),
        dir=direction(before, signed(view.side, view.qty), spot=listed.asset.spot),
        closed_pnl="0.0",
        hash=event_hash("trade", view.trade_id),
        oid=view.order_id if tag.oid is None else tag.oid,
        crossed=view.liquidity == "taker",
        fee=to_wire(view.fee),
        tid=view.trade_id,
    )
    return named(shape, tag.cloid, user)

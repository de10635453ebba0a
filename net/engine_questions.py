"""Questions to a running engine: what may be asked, and the answers; reading changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.service import OrderBookService
from engine.types import Durability, RejectCode
from net import engine_protocol as wire
from net.engine_malformed import Malformed
from net.engine_protocol import Query, QueryResult, Reply, SnapshotView, StatsView, What
from net.event_ring import EventRing
from net.logs import get_logger

SNAPSHOT_TRADES = 50
"""Prints of each instrument in a snapshot."""

log = get_logger("engine")
_encoder = msgspec.json.Encoder()


def ask(
    request: Query | wire.Snapshot,
    service: OrderBookService,
    ring: EventRing,
    durability: Durability,
    now: int,
    stats: Callable[[], StatsView],
) -> Reply:
    """Answer a question. As reading changes nothing, a bug in it need not end the engine."""
    try:
        result: object
        if isinstance(request, wire.Snapshot):
            result = snapshot(service, ring, durability, now)
        else:
            result = stats() if request.what is What.STATS else query(service, request)
        if isinstance(result, Malformed):
            return Reply(id=result.id, code=result.code, message=result.message)
        return Reply(id=request.id, sequence=service.sequence, data=msgspec.Raw(_encoder.encode(result)))
    except Exception as error:
        log.exception("question failed", request=repr(request))
        return Reply(id=request.id, code=RejectCode.INTERNAL_ERROR, message=repr(error))


def query(service: OrderBookService, request: Query) -> QueryResult | Malformed:
    """Read what ``request`` asks for; statistics are the server's own and not answered here."""
    what, symbol_id, account = request.what, request.symbol_id, request.account
    if what is What.INSTRUMENTS:
        return service.instruments()
    if what is What.ACCOUNTS:
        if request.accounts is None:
            return service.accounts()
        return [view for name in request.accounts if (view := service.account(name)) is not None]
    if what is What.NEWS:
        return service.news(request.limit)
    if what is What.HASH:
        return service.state_hash()
    if what in (What.ORDERS, What.FILLS):
        if account is None:
            return Malformed(request.id, RejectCode.INVALID_MESSAGE, f"a query for {what.value} needs an account")
        return service.orders(account) if what is What.ORDERS else service.fills(account, request.limit)
    if symbol_id is None:
        return Malformed(request.id, RejectCode.INVALID_MESSAGE, f"a query for {what.value} needs a symbol_id")
    if what is What.TRADES:
        return service.trades(symbol_id, request.limit)
    if what is What.CANDLES:
        return service.candles(symbol_id, request.interval_ns, request.limit)
    depth = service.depth(symbol_id, request.limit)
    if depth is None:
        return Malformed(request.id, RejectCode.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol_id}")
    return depth


def snapshot(service: OrderBookService, ring: EventRing, durability: Durability, now: int) -> SnapshotView:
    """Gather everything public as it is now."""
    instruments = tuple(service.instruments())
    ids = [instrument.symbol_id for instrument in instruments]
    return SnapshotView(
        epoch=ring.epoch,
        durability=durability,
        sequence=service.sequence,
        oldest_event=ring.oldest_sequence,
        time=now,
        instruments=instruments,
        books=tuple(book for symbol_id in ids if (book := service.depth(symbol_id)) is not None),
        trades=tuple(trade for symbol_id in ids for trade in service.trades(symbol_id, SNAPSHOT_TRADES)),
        news=tuple(service.news()),
    )

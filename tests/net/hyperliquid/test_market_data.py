from __future__ import annotations

from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.market_data import (
    LinkChanged,
    LinkState,
    MarketDataCache,
    MarketState,
    Received,
    StreamRefused,
    StreamStale,
)


def prints(*tids: int) -> Received:
    data = [wire.Print(coin="BTC", side="B", px="1.0", sz="1.0", time=1_000 + tid, hash="0x0", tid=tid) for tid in tids]
    return Received(wire.TradesFrame(data=data), 5)


def book(time: int, *, fast: bool = False) -> Received:
    return Received(wire.BookFrame(data=wire.Book(coin="BTC", time=time, levels=([], []), fast=fast)), 5)


def test_a_backfill_after_a_reconnect_repeats_no_print() -> None:
    cache = MarketDataCache()
    cache.apply(prints(1, 2, 3))
    cache.apply(prints(2, 3, 4))
    cache.apply(prints(3, 4))
    tape = cache.tape("BTC").value
    assert tape is not None
    assert [print_.tid for print_ in tape.prints] == [1, 2, 3, 4]
    assert tape.count == 4
    assert cache.tape("BTC").version == 2  # nothing new wakes nobody


def test_the_tape_is_bounded() -> None:
    cache = MarketDataCache()
    cache.apply(prints(*range(10_000)))
    tape = cache.tape("BTC").value
    assert tape is not None
    assert (len(tape.prints), tape.count, tape.prints[-1].tid) == (200, 10_000, 9_999)


def test_an_older_book_wakes_nobody() -> None:
    cache = MarketDataCache()
    cache.apply(book(10))
    cache.apply(book(9))
    assert cache.book("BTC").version == 1
    cache.apply(book(9, fast=True))
    assert cache.book("BTC").version == 2


def test_a_market_is_reconnecting_then_live_then_stale_then_live() -> None:
    cache = MarketDataCache()
    states = [cache.state("BTC").value]
    for notice in (
        LinkChanged(LinkState.CONNECTED),
        book(1),
        StreamStale(subs.L2Book(coin="BTC", fast=True)),
        book(2),
        LinkChanged(LinkState.RECONNECTING),
        book(3),
    ):
        cache.apply(notice)
        states.append(cache.state("BTC").value)
    reconnecting, live, stale = MarketState.RECONNECTING, MarketState.LIVE, MarketState.STALE
    assert states == [reconnecting, reconnecting, live, stale, live, reconnecting, live]


def test_a_refused_name_stays_unknown_through_reconnects() -> None:
    cache = MarketDataCache()
    cache.state("NOPE")
    cache.apply(StreamRefused(subs.L2Book(coin="NOPE")))
    cache.apply(LinkChanged(LinkState.RECONNECTING))
    assert cache.state("NOPE").value is MarketState.UNKNOWN_NAME

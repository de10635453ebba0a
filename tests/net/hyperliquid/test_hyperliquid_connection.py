from __future__ import annotations

from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire
from net.hyperliquid.connection import Connection, Registry, Standing, Timing

BTC = subs.L2Book(coin="BTC")
FAST = subs.L2Book(coin="BTC", fast=True)
TRADES = subs.Trades(coin="BTC")
TIMING = Timing()


def registry(*wanted: subs.AnySubscription) -> Registry:
    made = Registry()
    for subscription in wanted:
        made.add(subscription)
    return made


def ack(subscription: subs.AnySubscription) -> wire.AckFrame:
    return wire.AckFrame(data=wire.Ack(method="subscribe", subscription=subscription))


def book(coin: str = "BTC", fast: bool = False) -> wire.BookFrame:
    return wire.BookFrame(data=wire.Book(coin=coin, time=1, levels=([], []), **({"fast": True} if fast else {})))


def sent(frames: list[bytes]) -> list[wire.ClientFrame]:
    return [wire.decode_client_frame(frame) for frame in frames]


def test_everything_wanted_is_subscribed_once_in_order() -> None:
    streams = registry(BTC, TRADES)
    connection = Connection(streams, TIMING, 0.0)
    assert sent(connection.outgoing(0.0)) == [wire.Subscribe(subscription=BTC), wire.Subscribe(subscription=TRADES)]
    assert connection.outgoing(0.0) == []
    streams.add(FAST)
    assert sent(connection.outgoing(0.1)) == [wire.Subscribe(subscription=FAST)]


def test_a_subscription_is_live_once_acknowledged_and_overdue_when_not() -> None:
    streams = registry(BTC, TRADES)
    connection = Connection(streams, TIMING, 0.0)
    connection.outgoing(0.0)
    connection.received(ack(BTC), 0.1)
    assert streams.standing(BTC) is Standing.LIVE
    assert streams.standing(TRADES) is Standing.SENT
    assert connection.overdue(4.9) is None
    assert connection.overdue(5.0) == 'no acknowledgement of {"type":"trades","coin":"BTC"}'


def test_pings_go_out_on_time_and_must_be_answered() -> None:
    connection = Connection(registry(), TIMING, 0.0)
    assert connection.outgoing(19.9) == []
    assert sent(connection.outgoing(20.0)) == [wire.Ping()]
    assert connection.overdue(29.9) is None
    assert connection.overdue(30.0) == "no pong"
    connection.received(wire.PongFrame(), 29.0)
    assert connection.overdue(30.0) is None


def test_a_silent_book_is_stale_by_its_own_limit_told_once_and_overdue_later() -> None:
    streams = registry(BTC, FAST, TRADES)
    connection = Connection(streams, TIMING, 0.0)
    connection.outgoing(0.0)
    for stream in (BTC, FAST, TRADES):
        connection.received(ack(stream), 0.0)
    assert connection.newly_stale(2.9) == []
    assert connection.newly_stale(3.0) == [FAST]
    assert connection.newly_stale(4.0) == []
    connection.received(book(fast=True), 5.0)
    assert streams.standing(FAST) is Standing.LIVE
    connection.received(book(fast=True), 14.5)
    assert connection.newly_stale(15.0) == [BTC]
    assert connection.overdue(23.0) is None
    assert (
        connection.overdue(23.6)
        == '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":true} silent for 9.1 s'
    )


def test_trades_and_best_prices_may_be_silent_for_ever() -> None:
    streams = registry(TRADES, subs.Bbo(coin="BTC"))
    connection = Connection(streams, TIMING, 0.0)
    connection.outgoing(0.0)
    for stream in (TRADES, subs.Bbo(coin="BTC")):
        connection.received(ack(stream), 0.0)
    assert connection.newly_stale(1e6) == []
    assert connection.overdue(1e6) is None


def test_subscriptions_are_paced() -> None:
    streams = registry(*(subs.Trades(coin=f"C{n}") for n in range(130)))
    connection = Connection(streams, TIMING, 0.0)
    assert len(connection.outgoing(0.0)) == 100
    assert connection.next_look(0.0) <= 0.05
    assert len(connection.outgoing(1.0)) == 25
    assert len(connection.outgoing(2.0)) == 5


def test_what_is_wanted_no_more_is_unsubscribed_unless_it_never_was() -> None:
    streams = registry(BTC)
    connection = Connection(streams, TIMING, 0.0)
    connection.outgoing(0.0)
    streams.remove(BTC)
    streams.add(TRADES)
    streams.remove(TRADES)
    assert sent(connection.outgoing(0.1)) == [wire.Unsubscribe(subscription=BTC)]


def test_a_quoted_subscription_in_an_error_is_refused_and_not_sent_again() -> None:
    streams = registry(BTC)
    connection = Connection(streams, TIMING, 0.0)
    connection.outgoing(0.0)
    error = wire.ErrorFrame(data=f"Invalid subscription {wire.encode(BTC).decode()}")
    assert connection.received(error, 0.1) == BTC
    streams.start_over()
    assert streams.standing(BTC) is Standing.REFUSED
    assert Connection(streams, TIMING, 9.0).outgoing(9.0) == []


def test_already_subscribed_counts_as_acknowledged() -> None:
    streams = registry(BTC)
    connection = Connection(streams, TIMING, 0.0)
    connection.outgoing(0.0)
    assert connection.received(wire.ErrorFrame(data=f"Already subscribed: {wire.encode(BTC).decode()}"), 0.1) is None
    assert streams.standing(BTC) is Standing.LIVE


def careful_death(streams: Registry, opened: float) -> subs.AnySubscription | None:
    """A careful connection that answers a ping, then dies of the first subscription."""
    connection = Connection(streams, TIMING, opened, careful=True)
    assert sent(connection.outgoing(opened)) == [wire.Ping()]
    connection.received(wire.PongFrame(), opened)
    assert sent(connection.outgoing(opened)) == [wire.Subscribe(subscription=BTC)]
    culprit = connection.died(opened + 0.1)
    if culprit is not None:
        streams.mark(culprit, Standing.REFUSED)
    streams.start_over()
    return culprit


def test_after_a_quick_death_the_name_that_kills_twice_is_found_and_the_others_stay() -> None:
    streams = registry(BTC, TRADES)
    first = Connection(streams, TIMING, 0.0)
    first.outgoing(0.0)
    assert first.died_quickly(0.5)
    assert first.died(0.5) is None  # it could have been either
    streams.start_over()
    assert careful_death(streams, 1.0) is None
    assert careful_death(streams, 2.0) == BTC
    last = Connection(streams, TIMING, 3.0, careful=True)
    last.outgoing(3.0)
    last.received(wire.PongFrame(), 3.0)
    assert sent(last.outgoing(3.0)) == [wire.Subscribe(subscription=TRADES)]


def test_a_line_that_dies_without_ever_answering_blames_no_name() -> None:
    streams = registry(BTC)
    for opened in (0.0, 1.0, 2.0, 3.0):
        connection = Connection(streams, TIMING, opened, careful=True)
        assert sent(connection.outgoing(opened)) == [wire.Ping()]
        assert connection.died(opened + 0.1) is None
        streams.start_over()
    assert streams.standing(BTC) is Standing.WANTED

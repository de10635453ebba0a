"""The read model: messages in, plain data out, without Textual."""

from __future__ import annotations

import pytest

from engine.types import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from net import messages as m
from tests.tui.world import INSTRUMENTS
from tui.view import Ack, Bars, LinkState, OwnOrder, Scale, Tape, View, money, short_number
from tui.view.link import Link
from tui.view.portfolio import Portfolio


def listed() -> View:
    view = View()
    view.fold(m.Instruments(data=list(INSTRUMENTS)), 0.0)
    return view


def book(view: View, bids: dict[float, float], asks: dict[float, float]) -> None:
    def levels(side: dict[float, float]) -> list[m.LevelShape]:
        return [m.LevelShape(price=price, quantity=quantity, orders=1) for price, quantity in side.items()]

    shape = m.OrderBookShape(symbol_id=1, sequence=5, bids=levels(bids), asks=levels(asks))
    view.fold(m.OrderBooks(data={"1": shape}, sequence=1, timestamp=1_000), 0.0)


def trade(trade_id: int, price: float, quantity: float, at: int, side: Side | None = Side.BUY) -> m.TradeShape:
    return m.TradeShape(trade_id=trade_id, symbol_id=1, price=price, quantity=quantity, side=side, timestamp=at)


def order(order_id: int, price: float, leaves: float, ahead: float | None = None) -> m.OrderShape:
    return m.OrderShape(
        order_id=order_id, symbol_id=1, side=Side.BUY, order_type=OrderType.LIMIT, price=price, stop_price=None,
        quantity=leaves, leaves_quantity=leaves, filled_quantity=0, status=OrderStatus.WORKING,
        time_in_force=TimeInForce.GTC, created_at=1, client_order_id=f"c{order_id}", queue_ahead=ahead,
    )  # fmt: skip


def test_prices_become_ticks_and_come_back_exactly() -> None:
    scale = Scale(0.05, 1.0)
    assert scale.ticks(100.55) == 2011
    assert scale.price(2011) == 100.55
    assert scale.text(2011) == "100.55"
    assert Scale(0.0001, 0.1).whole_lots(1.27) == 1.2


def test_money_and_short_numbers_are_written_alike_everywhere() -> None:
    assert [money(-1234.5), money(12.5, signed=True), money(-0.001)] == ["-1,234.50", "+12.50", "0.00"]
    assert [short_number(9_999), short_number(12_345), short_number(5_600_000)] == ["9999", "12.3k", "5.6M"]


def test_a_book_is_taken_whole_and_then_by_deltas() -> None:
    view = listed()
    book(view, {100.0: 10, 99.95: 5}, {100.1: 7})
    assert (view.depth.best_bid, view.depth.best_ask, view.depth.spread) == (2000, 2002, 2)
    delta = m.BookDeltaShape(symbol_id=1, sequence=6, previous_sequence=5, bids=[(100.0, 0, 0)],
                             asks=[(100.05, 3, 1)], checksum=0, timestamp=1)  # fmt: skip
    view.fold(m.BookDelta(data=delta), 0.0)
    assert (view.depth.bids, view.depth.best_ask) == ({1999: 5}, 2001)


def test_the_change_is_against_the_initial_price_whatever_the_day_began_with() -> None:
    view = listed()
    initial = INSTRUMENTS[0].initial_price
    day = m.CandleShape(time=0, open=initial * 2, high=initial * 2, low=initial, close=initial, volume=1, trades=1)
    view.fold(m.Candles(data=m.CandlesData(symbol_id=1, interval="1d", candles=[day])), 0.0)
    book(view, {initial * 1.1: 1}, {initial * 1.1 + 0.1: 1})
    assert view.markets[1].change == pytest.approx(0.1, abs=0.01)


def test_a_lost_delta_is_a_gap() -> None:
    view, gaps = listed(), []
    view.on_gap.append(gaps.append)
    book(view, {100.0: 10}, {})
    delta = m.BookDeltaShape(symbol_id=1, sequence=9, previous_sequence=8, bids=[], asks=[], checksum=0,
                             timestamp=1)  # fmt: skip
    view.fold(m.BookDelta(data=delta), 0.0)
    assert (gaps, view.link.gaps) == ([1], 1)


def test_the_tape_merges_runs_and_drops_what_it_has() -> None:
    tape = Tape(Scale(0.05, 1.0))
    for number, at in ((1, 1_000), (2, 1_100), (2, 1_100), (3, 2_000)):
        tape.add(trade(number, 100.0, 5, at))
    assert [(run.qty, run.prints) for run in tape] == [(5, 1), (10, 2)]


def test_a_history_goes_under_the_prints_that_came_before_it() -> None:
    tape = Tape(Scale(0.05, 1.0))
    tape.add(trade(9, 100.2, 1, 9_000))
    tape.fill([trade(number, 100.0 + number * 0.05, 1, number * 1_000) for number in (9, 8, 7)])
    tape.add(trade(10, 100.1, 1, 10_000))
    tape.fill([trade(number, 100.0, 1, number * 1_000) for number in (11, 10, 9)])
    assert [run.time for run in tape] == [11_000, 10_000, 9_000, 8_000, 7_000]


def test_candles_grow_from_prints_after_their_history() -> None:
    bars = Bars(Scale(0.05, 1.0), "5s")
    bars.add(trade(2, 100.1, 4, 6_000))
    bars.load([m.CandleShape(time=0, open=100, high=100.2, low=99.9, close=100.1, volume=9, trades=3)])
    bars.add(trade(3, 100.0, 1, 9_999))
    assert [(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars.bars] == [
        (0, 2000, 2004, 1998, 2002, 9), (5_000, 2002, 2002, 2000, 2000, 5),
    ]  # fmt: skip


def test_an_order_goes_from_pending_to_filled() -> None:
    view = listed()
    view.orders.sent(OwnOrder("c7", 1, Side.BUY, 2000, 10, 10, Ack.PENDING, 1))
    view.orders.answered("c7", m.OrderResult(status=m.Status.SUCCESS, order_id=7), 2)
    assert view.orders.open_orders()[0].ack is Ack.WORKING
    fill = m.ExecutionShape(order_id=7, trade_id=3, symbol_id=1, side=Side.BUY, price=100.0, quantity=10, fee=0,
                            liquidity=Liquidity.MAKER, leaves_quantity=0, timestamp=9,
                             client_order_id="c7")  # fmt: skip
    view.fold(m.Execution(data=fill), 0.0)
    view.fold(m.Execution(data=fill), 0.0)
    assert (view.orders.open_orders(), view.orders.done[0].ack, len(view.orders.fills)) == ([], Ack.FILLED, 1)


def execution(order_id: int, trade_id: int, quantity: float, leaves: float) -> m.Execution:
    return m.Execution(data=m.ExecutionShape(
        order_id=order_id, trade_id=trade_id, symbol_id=1, side=Side.BUY, price=100.0, quantity=quantity, fee=0,
        liquidity=Liquidity.MAKER, leaves_quantity=leaves, timestamp=9, client_order_id=f"c{order_id}",
    ))  # fmt: skip


def update(event: str, shape: m.OrderShape, leaves: float, reason: str | None = None) -> m.OrderUpdate:
    return m.OrderUpdate(data=m.OrderUpdateShape(
        order_id=shape.order_id, symbol_id=1, event=event, side=shape.side, price=shape.price, leaves_quantity=leaves,
        filled_quantity=shape.quantity - leaves, timestamp=9, reason=reason, client_order_id=shape.client_order_id,
        order=shape if event == "accepted" else None,
    ))  # fmt: skip


def listing(*shapes: m.OrderShape) -> m.Orders:
    return m.Orders(data=m.OrdersData(agent_id="a", orders=list(shapes)))


FILLED_IN_TWO = (
    update("accepted", order(7, 100.0, 10), 10), execution(7, 1, 4, 6), update("filled", order(7, 100.0, 10), 6),
    execution(7, 2, 6, 0), update("filled", order(7, 100.0, 10), 0),
)  # fmt: skip


@pytest.mark.parametrize("again", [FILLED_IN_TWO, (listing(order(7, 100.0, 6)), *FILLED_IN_TWO[3:])],
                         ids=["all messages again", "a list made before the last fill"])  # fmt: skip
def test_an_order_leaves_once_whatever_is_told_again(again: tuple[m.AnyServerMessage, ...]) -> None:
    view = listed()
    for message in (*FILLED_IN_TWO, *again):
        view.fold(message, 0.0)
    assert [(o.order_id, o.ack, o.filled) for o in view.orders.done] == [(7, Ack.FILLED, 10)]
    assert (view.orders.open_orders(), len(view.orders.fills)) == ([], 2)


def test_what_became_of_a_gone_order_replaces_the_guess() -> None:
    """Messages that were missed come after the list: the order was filled, not canceled."""
    view = listed()
    view.fold(listing(order(7, 100.0, 10)), 0.0)
    view.fold(listing(), 0.0)
    for message in FILLED_IN_TWO[1:]:
        view.fold(message, 0.0)
    assert [(o.order_id, o.ack, o.reason) for o in view.orders.done] == [(7, Ack.FILLED, "")]


def test_an_order_whose_fills_are_known_is_filled_when_it_is_listed_no_more() -> None:
    view = listed()
    view.fold(listing(order(7, 100.0, 10)), 0.0)
    view.fold(m.Trades(data=m.TradesData(agent_id="a", trades=[execution(7, 1, 10, 0).data])), 0.0)
    view.fold(listing(), 0.0)
    assert [(o.order_id, o.ack, o.filled) for o in view.orders.done] == [(7, Ack.FILLED, 10)]


def test_an_order_that_was_taken_for_lost_and_is_accepted_after_all_works() -> None:
    view = listed()
    view.orders.sent(OwnOrder("c7", 1, Side.BUY, 2000, 10, 10, Ack.PENDING, 1))
    view.orders.answered("c7", m.OrderResult(status=m.Status.ERROR, message="no answer"), 2)
    view.fold(update("accepted", order(7, 100.0, 10), 10), 0.0)
    assert ([o.ack for o in view.orders.open_orders()], view.orders.done) == ([Ack.WORKING], [])


def test_a_partial_fill_leaves_the_order_at_its_own_price() -> None:
    """Although it traded at a better one."""
    view = listed()
    view.fold(listing(order(7, 101.0, 10)), 0.0)
    view.fold(update("filled", order(7, 100.5, 10), 6), 0.0)
    assert [(o.ticks, o.leaves) for o in view.orders.open_orders()] == [(2020, 6)]


def test_what_is_delisted_while_nobody_listened_is_gone() -> None:
    view = listed()
    view.fold(m.Instruments(data=list(INSTRUMENTS[1:])), 0.0)
    assert [market.ticker for market in view.ordered()] == ["BETA", "GAMA", "DELT", "EPSI"]
    assert view.current == 2


def test_a_headline_outlives_its_instrument() -> None:
    view = listed()
    book(view, {100.0: 10}, {100.1: 7})
    shape = m.NewsShape(id=1, headline="ACME sold", content="", source="", sentiment=0.1, created_at=1_000,
                        instrument_id=1)  # fmt: skip
    view.fold(m.News(data=shape), 0.0)
    view.fold(m.Instruments(data=list(INSTRUMENTS[1:])), 0.0)
    view.server_ms = 90_000
    view.second()
    assert next(iter(view.news)).reactions == (None, None)


def test_a_refused_order_keeps_its_reason() -> None:
    view = listed()
    view.orders.sent(OwnOrder("c7", 1, Side.BUY, 2000, 10, 10, Ack.PENDING, 1))
    view.orders.answered("c7", m.OrderResult(status=m.Status.ERROR, message="no funds"), 2)
    assert (view.orders.done[0].ack, view.orders.done[0].reason) == (Ack.REJECTED, "no funds")


def test_after_a_reconnect_the_exchange_says_which_orders_there_are() -> None:
    view = listed()
    view.orders.sent(OwnOrder("gone", 1, Side.BUY, 2000, 10, 10, Ack.WORKING, 1, order_id=5))
    view.fold(m.Orders(data=m.OrdersData(agent_id="a", orders=[order(7, 99.9, 4)])), 0.0)
    assert [o.order_id for o in view.orders.open_orders()] == [7]
    assert view.orders.trusted
    assert view.orders.done[0].reason == "gone after reconnect"


def test_the_place_in_the_queue_moves_up_by_prints_and_cancels() -> None:
    view = listed()
    view.fold(m.Orders(data=m.OrdersData(agent_id="a", orders=[order(7, 100.0, 10, ahead=60)])), 0.0)
    view.fold(m.TradePrint(data=trade(1, 100.0, 25, 1_000, Side.SELL)), 0.0)
    assert view.orders.open_orders()[0].ahead == 35
    book(view, {100.0: 22}, {})
    assert view.orders.open_orders()[0].ahead == 12


def test_equity_follows_the_newest_price() -> None:
    book_of = Portfolio()
    line = m.PositionShape(instrument_id=1, quantity=10, avg_price=100, current_price=100, market_value=1000,
                           unrealized_pnl=0, realized_pnl=0)  # fmt: skip
    book_of.fold(m.PortfolioUpdate(agent_id="a", cash=9_000, reserved=0, positions={"1": line}, total_value=10_000,
                                   pnl=0))  # fmt: skip
    book_of.mark(1, 101.5)
    assert (book_of.equity, book_of.pnl, book_of.flat) == (10_015.0, 15.0, False)


def test_silence_makes_prices_stale() -> None:
    link = Link()
    assert link.state(0.0) is LinkState.CONNECTING
    link.up(1.0)
    assert (link.state(2.9), link.state(3.1)) == (LinkState.LIVE, LinkState.STALE)
    link.down("closed", 1, 5.0)
    assert link.state(3.2) is LinkState.DOWN


def test_large_sizes_are_rounded_in_lists_and_exact_where_they_are_sent() -> None:
    scale = Scale(0.01, 1.0)
    assert [scale.qty(value) for value in (10_000, 250_000, 9_999_999)] == ["10000", "250k", "10.0M"]
    assert [scale.exact(value) for value in (10, 9_999_999)] == ["10", "9,999,999"]


def test_the_age_of_prices_counts_on_while_other_messages_come() -> None:
    view = listed()
    book(view, {100.0: 10}, {100.1: 7})
    view.fold(m.NewsHistory(data=[]), 9.0)
    assert (view.link.heard_at, view.link.priced_at) == (9.0, 0.0)

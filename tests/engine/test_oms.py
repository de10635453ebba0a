from __future__ import annotations

import pytest
from engine_world import ACME, DAY, FOK, GTD, IOC, MILLION, SECOND, TICK, World, only, order_id, refusal, trades

from engine.commands import (
    AccountLimits,
    AddInstrument,
    AdvanceTime,
    CancelAll,
    CloseAccount,
    EndDay,
    MassQuote,
    PublishNews,
    Quote,
    RemoveInstrument,
    SetCancelAfter,
)
from engine.events import DepthChanged, LevelChange, OrderCanceled, OrderFilled, OrderReplaced, Rejected, TimeAdvanced
from engine.instruments import FeeSchedule, Instrument
from engine.ledger import Ledger
from engine.oms import OrderManagementSystem
from engine.service import OrderAnswer, OrderBookService
from engine.types import CancelReason, OrderStatus, RejectCode, SelfTradePrevention, Side


def test_the_oms_is_an_order_book_service() -> None:
    service: OrderBookService = OrderManagementSystem()
    assert service.sequence == 0


def test_a_resting_order_trades_at_its_own_price() -> None:
    world = World()
    world.sell("alice", 10, 100)
    events = world.buy("bob", 4, 105)
    assert trades(events) == [(4, 100)]
    assert world.book() == "| 6@100"
    assert (world.cash("alice"), world.position("alice")) == (400, -4)
    assert (world.cash("bob"), world.position("bob")) == (-400, 4)


def test_the_better_price_trades_first_and_at_one_price_the_older_order() -> None:
    world = World()
    first = order_id(world.sell("alice", 5, 101))
    second = order_id(world.sell("carol", 5, 101))
    third = order_id(world.sell("alice", 5, 100))
    events = world.buy("bob", 12, 101)
    makers = [fill.order_id for fill in only(OrderFilled, events) if fill.side is Side.SELL]
    assert makers == [third, first, second]
    assert trades(events) == [(5, 100), (5, 101), (2, 101)]


def test_depth_changes_come_last_and_say_absolute_values() -> None:
    world = World()
    world.sell("alice", 5, 101)
    world.sell("alice", 5, 102)
    events = world.buy("bob", 7, 103)
    assert events[-1] == DepthChanged(symbol_id=ACME, asks=(LevelChange(101, 0, 0), LevelChange(102, 3, 1)))


def test_a_level_with_as_many_lots_of_fewer_orders_is_told() -> None:
    world = World()
    world.sell("alice", 10, 100, display_qty=5)
    world.buy("bob", 3, 100)
    world.sell("carol", 3, 100)
    assert world.book() == "| 5@100"
    events = world.buy("bob", 5, 100)
    assert events[-1] == DepthChanged(symbol_id=ACME, asks=(LevelChange(100, 5, 1),))


def test_immediate_or_cancel_never_rests() -> None:
    world = World()
    world.sell("alice", 5, 100)
    events = world.buy("bob", 7, 100, tif=IOC)
    assert trades(events) == [(5, 100)]
    assert only(OrderCanceled, events)[0].reason is CancelReason.IOC_REMAINDER
    assert world.book() == "|"


def test_fill_or_kill_fills_all_or_is_refused() -> None:
    world = World()
    world.sell("alice", 5, 100)
    world.sell("alice", 5, 101)
    assert refusal(world.buy("bob", 11, 101, tif=FOK)) is RejectCode.WOULD_NOT_FILL
    assert refusal(world.buy("bob", 6, 100, tif=FOK)) is RejectCode.WOULD_NOT_FILL
    assert trades(world.buy("bob", 10, 101, tif=FOK)) == [(5, 100), (5, 101)]


def test_post_only_is_refused_when_it_would_trade() -> None:
    world = World()
    world.sell("alice", 5, 100)
    assert refusal(world.buy("bob", 1, 100, post_only=True)) is RejectCode.WOULD_CROSS
    world.buy("bob", 1, 99, post_only=True)
    assert world.book() == "1@99 | 5@100"


def test_a_market_order_needs_someone_to_trade_with() -> None:
    world = World()
    assert refusal(world.buy("bob", 1)) is RejectCode.NO_LIQUIDITY
    world.sell("alice", 5, 100)
    events = world.buy("bob", 7)
    assert trades(events) == [(5, 100)]
    assert only(OrderCanceled, events)[0].leaves_qty == 2


def test_a_market_order_stops_at_the_price_band() -> None:
    world = World(price_band_ppm=100_000)
    world.sell("alice", 5, 100)
    world.sell("alice", 5, 110)
    world.buy("carol", 1, 91)
    world.sell("alice", 1, 91)
    events = world.buy("bob", 10)
    assert trades(events) == [(5, 100)]
    assert only(OrderCanceled, events)[0].reason is CancelReason.PRICE_BAND


def test_a_price_outside_the_band_is_refused() -> None:
    world = World(price_band_ppm=100_000)
    assert refusal(world.buy("bob", 1, 111)) is RejectCode.PRICE_OUT_OF_BAND
    assert refusal(world.sell("bob", 1, 89)) is RejectCode.PRICE_OUT_OF_BAND


@pytest.mark.parametrize("qty", [0, -1, 10**12 + 1, 2**62])
def test_a_quantity_out_of_bounds_is_told_the_bounds(qty: int) -> None:
    world = World(shares=10)
    mine = order_id(world.sell("bob", 10, 100))
    refusals = [
        *world.sell("alice", qty, 100),
        *world.replace("bob", mine, qty=qty),
        *world.do(MassQuote(account="alice", symbol_id=ACME, asks=(Quote(100, qty),))),
    ]
    assert [refused.message for refused in only(Rejected, refusals)] == ["qty must be from 1 to 1000000000000 lots"] * 3
    assert [refused.field for refused in only(Rejected, refusals)] == ["qty", "qty", "asks"]


@pytest.mark.parametrize("price", [0, -1, 10**15 + 1, 2**62])
def test_a_price_out_of_bounds_is_told_the_bounds(price: int) -> None:
    world = World(shares=10)
    mine = order_id(world.sell("bob", 10, 100))
    refusals = [
        *world.sell("alice", 1, price),
        *world.replace("bob", mine, price=price),
        *world.do(MassQuote(account="alice", symbol_id=ACME, asks=(Quote(price, 1),))),
    ]
    bounds = "price must be from 1 to 1000000000000000 ticks"
    assert [refused.message for refused in only(Rejected, refusals)] == [bounds] * 3


def test_a_smaller_quantity_keeps_the_place_and_another_price_loses_it() -> None:
    world = World()
    first = order_id(world.buy("alice", 10, 99))
    second = order_id(world.buy("bob", 10, 99))
    (kept,) = only(OrderReplaced, world.replace("alice", first, qty=5))
    assert kept.priority_kept
    assert trades(world.sell("carol", 5, 99)) == [(5, 99)]
    assert world.position("alice") == 5
    (lost,) = only(OrderReplaced, world.replace("bob", second, qty=11))
    assert not lost.priority_kept
    assert world.book() == "11@99 |"


def test_a_replaced_order_may_trade() -> None:
    world = World()
    mine = order_id(world.buy("alice", 10, 99))
    world.sell("bob", 4, 101)
    events = world.replace("alice", mine, price=101)
    assert trades(events) == [(4, 101)]
    assert world.book() == "6@101 |"


def test_nobody_cancels_for_another() -> None:
    world = World()
    mine = order_id(world.buy("alice", 10, 99))
    assert refusal(world.cancel("bob", mine)) is RejectCode.NOT_OWNER
    assert refusal(world.cancel("alice", mine + 1)) is RejectCode.UNKNOWN_ORDER
    (canceled,) = only(OrderCanceled, world.cancel("alice", mine))
    assert canceled.reason is CancelReason.REQUESTED
    assert world.book() == "|"


def test_cancel_all_takes_one_side_of_one_account() -> None:
    world = World()
    world.buy("alice", 1, 98)
    world.buy("alice", 1, 97)
    world.sell("alice", 1, 102)
    world.buy("bob", 1, 96)
    world.do(CancelAll(account="alice", side=Side.BUY))
    assert world.book() == "1@96 | 1@102"


def test_cancel_all_of_one_instrument_leaves_the_others_alone() -> None:
    world = World()
    world.do(AddInstrument(instrument=Instrument(symbol_id=2, ticker="BETA", initial_price=100)))
    world.buy("alice", 1, 98)
    other = order_id(world.buy("alice", 1, 97, symbol_id=2))
    world.do(CancelAll(account="alice", symbol_id=ACME))
    assert [order.order_id for order in world.oms.orders("alice")] == [other]


def test_prints_and_fills_are_told_newest_first() -> None:
    world = World()
    for price in (100, 101, 102):
        world.sell("alice", 1, price)
        world.buy("bob", 1, price)
    assert [trade.price for trade in world.oms.trades(ACME)] == [102, 101, 100]
    assert [trade.price for trade in world.oms.trades(ACME, 2)] == [102, 101]
    assert [fill.price for fill in world.oms.fills("bob")] == [102, 101, 100]
    assert [fill.price for fill in world.oms.fills("bob", 1)] == [102]


def test_a_closed_account_waits_for_nothing() -> None:
    world = World()
    world.do(SetCancelAfter(account="alice", deadline=SECOND))
    assert world.oms.next_deadline() == SECOND
    world.do(CloseAccount(account="alice"))
    assert world.oms.next_deadline() is None


def test_a_halt_ends_with_its_instrument() -> None:
    world = World(halt_band_ppm=50_000, halt_duration_ns=SECOND)
    world.sell("alice", 1, 110)
    world.buy("bob", 1, 110)
    assert world.oms.next_deadline() == SECOND
    world.do(RemoveInstrument(symbol_id=ACME))
    assert world.oms.next_deadline() is None
    world.now = SECOND
    assert world.do(AdvanceTime()) == [TimeAdvanced()]


def test_buys_hold_cash_back_and_cannot_spend_it_twice() -> None:
    world = World(cash=1_000 * TICK)
    mine = order_id(world.buy("alice", 6, 100))
    assert world.account("alice").reserved == 600 * TICK
    assert refusal(world.buy("alice", 5, 100)) is RejectCode.INSUFFICIENT_FUNDS
    world.buy("alice", 4, 100)
    world.cancel("alice", mine)
    assert world.account("alice").reserved == 400 * TICK


def test_the_worst_fee_is_held_back_too() -> None:
    world = World(cash=1_000 * TICK, fees=FeeSchedule(0, 1_000))
    assert refusal(world.buy("alice", 10, 100)) is RejectCode.INSUFFICIENT_FUNDS
    world.buy("alice", 9, 100)
    assert world.account("alice").reserved == 900 * TICK + 900 * TICK // 1_000


CHEAP = {"lot_size_e8": 100}
"""One lot for one tick is one minor unit, the least there is."""


def test_fees_are_rounded_up_and_rebates_down() -> None:
    world = World(fees=FeeSchedule(maker_ppm=-5_000, taker_ppm=5_000), **CHEAP)
    world.sell("alice", 1, 100)
    world.buy("bob", 1, 101)
    assert world.account("bob").fees_paid == 1
    assert world.account("alice").fees_paid == 0
    world.buy("bob", 1, 90)
    assert world.account("bob").reserved == 91


def test_what_is_held_back_for_a_part_of_several_orders_is_rounded_up() -> None:
    world = World(**CHEAP)
    world.sell("bob", 1, 100)
    world.buy("alice", 1, 100)
    for side, name in ((Side.SELL, "alice"), (Side.BUY, "bob")):
        first, second = (110, 111) if side is Side.SELL else (90, 91)
        world.order(name, side, 1, first)
        world.order(name, side, 2, second)
        assert world.account(name).reserved == -(-(first + 2 * second) * 2 // 3)


def test_an_account_may_short_as_much_as_it_is_worth() -> None:
    world = World(cash=1_000 * TICK)
    assert refusal(world.sell("alice", 11, 100)) is RejectCode.INSUFFICIENT_FUNDS
    world.sell("alice", 10, 100)
    world.buy("bob", 10, 100)
    assert world.position("alice") == -10
    assert refusal(world.sell("alice", 1, 100)) is RejectCode.INSUFFICIENT_FUNDS
    world.buy("alice", 10, 100)


def test_the_same_client_order_id_places_once() -> None:
    world = World()
    first = order_id(world.buy("alice", 5, 99, client_order_id="a1"))
    (again,) = world.buy("alice", 5, 99, client_order_id="a1")
    assert isinstance(again, Rejected)
    assert (again.code, again.order_id) == (RejectCode.DUPLICATE_ORDER, first)
    answer = world.oms.answered("alice", "a1")
    assert answer is not None
    assert (answer.order_id, answer.status, answer.leaves_qty) == (first, OrderStatus.WORKING, 5)
    world.buy("bob", 5, 98, client_order_id="a1")


def test_orders_expire_at_their_time_or_at_the_end_of_the_day() -> None:
    world = World()
    world.buy("alice", 1, 99, tif=GTD, expires_at=10 * SECOND)
    world.buy("alice", 1, 98, tif=DAY)
    assert world.oms.next_deadline() == 10 * SECOND
    world.now = 10 * SECOND
    assert only(OrderCanceled, world.do(AdvanceTime()))[0].reason is CancelReason.EXPIRED
    assert world.book() == "1@98 |"
    world.do(EndDay())
    assert world.book() == "|"


def test_realized_profit_is_against_average_cost() -> None:
    world = World()
    world.sell("bob", 10, 100)
    world.buy("alice", 10, 100)
    world.sell("bob", 10, 110)
    world.buy("alice", 10, 110)
    world.buy("bob", 5, 120)
    world.sell("alice", 5, 120)
    position = world.position_view("alice")
    assert position.realized_pnl == 5 * 15 * TICK
    assert position.cost == 15 * 105 * TICK
    assert world.account("alice").equity == MILLION + (5 * 15 + 15 * 15) * TICK


def test_events_are_numbered_and_refusals_are_not() -> None:
    world = World()
    before = world.oms.sequence
    events = world.buy("alice", 1, 99)
    assert world.oms.sequence == before + len(events)
    world.buy("nobody", 1, 99)
    assert world.oms.sequence == before + len(events)


def test_time_cannot_go_back() -> None:
    world = World()
    world.now = 5
    world.do(PublishNews(headline="ACME opens a second shop"))
    with pytest.raises(ValueError, match="time went back"):
        world.oms.submit(AdvanceTime(), 4)


def test_a_restored_exchange_goes_on_as_if_nothing_happened() -> None:
    world = World()
    world.sell("alice", 10, 101, display_qty=3)
    world.buy("bob", 4, 101)
    world.buy("bob", 4, 99, client_order_id="b", tif=GTD, expires_at=SECOND)
    other = OrderManagementSystem()
    other.restore(world.oms.snapshot_state())
    assert other.snapshot_state() == world.oms.snapshot_state()
    assert other.depth(ACME) == world.oms.depth(ACME)
    assert [view.fills for view in map(other.account, ("alice", "bob")) if view] == [2, 2]  # one a slice of the iceberg
    for oms in (world.oms, other):
        oms.submit(AdvanceTime(), SECOND)
        oms.check()
    assert other.state_hash() == world.oms.state_hash()


def test_a_command_that_changes_nothing_leaves_no_trace() -> None:
    world = World("alice bob")
    world.open("maker", limits=AccountLimits(max_orders_per_second=1))
    quotes = MassQuote(account="maker", symbol_id=ACME, bids=(Quote(98, 5),))
    world.do(quotes)
    before = world.oms.state_hash()
    world.now += SECOND
    assert world.do(CancelAll(account="alice")) == []
    assert world.do(quotes) == []
    assert world.oms.state_hash() == before
    assert world.do(MassQuote(account="maker", symbol_id=ACME, bids=(Quote(97, 5),)))


def test_no_order_may_take_an_accounts_sums_past_64_bits() -> None:
    world = World("bob", shares=20)
    dear = 10**12  # a lot for 10**18 minor units
    for rich in ("alice", "carol"):
        world.open(rich, cash=10**18)
        world.sell("bob", 1, dear)
        assert trades(world.buy(rich, 1, dear)) == [(1, dear)]
    assert refusal(world.sell("bob", 1, dear)) is RejectCode.ORDER_LIMIT
    assert refusal(world.buy("bob", 1, dear)) is RejectCode.ORDER_LIMIT
    resting = order_id(world.buy("bob", 1, 1))
    assert refusal(world.replace("bob", resting, price=dear)) is RejectCode.ORDER_LIMIT
    quotes = MassQuote(account="bob", symbol_id=ACME, bids=(Quote(dear, 1),))
    assert refusal(world.do(quotes)) is RejectCode.ORDER_LIMIT


def test_who_floods_the_exchange_makes_it_forget_nobody_elses_answers() -> None:
    ledger = Ledger()
    ledger.answers_kept = 10
    alice, flooder = (
        ledger.add(name, AccountLimits(), SelfTradePrevention.CANCEL_RESTING) for name in ("alice", "flooder")
    )
    answer = OrderAnswer(order_id=1, status=OrderStatus.WORKING, leaves_qty=1, cum_qty=0, cum_notional=0)
    ledger.keep_answer(alice, "first", answer)
    ledger.keep_answer(alice, "second", answer)
    for number in range(1_000):
        ledger.keep_answer(flooder, str(number), answer)
        assert ledger.answer_count <= 10
    ledger.keep_answer(alice, "third", answer)
    assert [*alice.answers] == ["first", "second", "third"]
    assert [*flooder.answers] == [str(number) for number in range(1_000 - len(flooder.answers), 1_000)]
    ledger.check()


def test_the_exchange_says_when_it_cannot_issue_more_cash() -> None:
    world = World("")
    for number in range(4):
        world.open(f"rich{number}", cash=10**18)
    (refused,) = only(Rejected, world.open("late", cash=1))
    assert (refused.code, refused.message) == (
        RejectCode.NOT_ALLOWED,
        "the exchange can issue no more than 0 minor units",
    )
    world.open("poor", cash=0)


def test_a_delisted_instrument_keeps_no_prints() -> None:
    world = World("alice bob", shares=10)
    world.sell("alice", 5, 100)
    world.buy("bob", 5, 100)
    size = len(world.oms.snapshot_state())
    world.do(RemoveInstrument(symbol_id=ACME))
    assert len(world.oms.snapshot_state()) < size
    assert world.position("bob") == 15

"""A refusal says which field is to blame and what would be possible."""

from __future__ import annotations

from typing import Any

import pytest
from engine_world import ACME, MILLION, TICK, World, order_id

from engine.commands import AccountLimits, AddInstrument, MassQuote, PublishNews, Quote, TransferCash
from engine.events import AnyEvent, Rejected
from engine.instruments import FeeSchedule, Instrument


def told(events: list[AnyEvent]) -> tuple[str, str | None]:
    """Message and field of the one refusal."""
    (refused,) = events
    assert isinstance(refused, Rejected), refused
    return refused.message, refused.field


def test_an_order_worth_too_much_is_told_what_it_may_be_worth() -> None:
    world = World()
    world.open("dora", limits=AccountLimits(max_order_notional=500 * TICK))
    most = "an order may be worth 1000000000000000000 minor units at most"
    assert told(world.buy("alice", 10**12, 1_000)) == (most, "qty")
    bound = f"an order may be worth {500 * TICK} minor units at most"
    assert told(world.buy("dora", 6, 100)) == (bound, "qty")


def test_one_working_order_too_many_is_told_how_many_there_may_be() -> None:
    world = World()
    world.open("dora", limits=AccountLimits(max_working_orders=1))
    world.buy("dora", 1, 99)
    assert told(world.buy("dora", 1, 98)) == ("the account may have 1 working orders at most", None)


@pytest.mark.parametrize(
    ("fields", "message", "field"),
    [
        ({"cash": 10**18 + 1}, "cash must be from 0 to 1000000000000000000 minor units", "cash"),
        ({"limits": AccountLimits(leverage=101)}, "leverage must be from 1 to 100", "limits"),
        (
            {"limits": AccountLimits(max_orders_per_second=10**7)},
            "max_orders_per_second must be from 1 to 100000",
            "limits",
        ),
        ({"positions": {ACME: -1}}, "a position in instrument 1 must be from 0 to 10000000000 lots", "positions"),
        ({"positions": {ACME: 10**11}}, "a position in instrument 1 must be from 0 to 10000000000 lots", "positions"),
    ],
)
def test_an_account_that_cannot_be_opened_is_told_what_can(fields: dict[str, Any], message: str, field: str) -> None:
    assert told(World().open("dora", **fields)) == (message, field)


@pytest.mark.parametrize(
    ("fields", "message", "field"),
    [
        ({"initial_price": 0}, "initial_price must be from 1 to 1000000000000000 ticks", "initial_price"),
        ({"fees": FeeSchedule(0, 10**6)}, "a fee must be from -100000 to 100000 ppm", "fees"),
        ({"price_band_ppm": 2_000_000}, "price_band_ppm must be from 0 to 1000000", "price_band_ppm"),
        ({"halt_band_ppm": -1}, "halt_band_ppm must be from 0 to 1000000", "halt_band_ppm"),
        (
            {"halt_band_ppm": 1},
            "halt_duration_ns must be 1 at least where there is a halt_band_ppm",
            "halt_duration_ns",
        ),
    ],
)
def test_an_instrument_that_cannot_be_listed_is_told_what_can(fields: dict[str, Any], message: str, field: str) -> None:
    instrument = Instrument(**{"symbol_id": 0, "ticker": "NEW", "initial_price": 100, **fields})
    assert told(World().do(AddInstrument(instrument=instrument))) == (message, field)


def test_an_account_without_means_is_told_how_much_is_missing() -> None:
    world = World()
    world.open("dora", cash=100 * TICK)
    told_short = f"buying power falls short by {20 * TICK} minor units"
    assert told(world.buy("dora", 6, 20)) == (told_short, "qty")
    resting = order_id(world.buy("dora", 5, 20))
    assert told(world.replace("dora", resting, qty=6)) == (told_short, "qty")


@pytest.mark.parametrize(
    ("bids", "asks", "message", "field"),
    [
        ([(99, 13)], [], "an order may have 12 lots at most", "bids"),
        ([], [(101, 13)], "an order may have 12 lots at most", "asks"),
        ([(99, 10), (98, 10)], [(101, 1)], "the position may be 15 lots at most", "bids"),
        ([(99, 1)], [(101, 10), (102, 10)], "the position may be 15 lots at most", "asks"),
        ([(99, 12)], [(101, 1)], f"buying power falls short by {188 * TICK} minor units", "bids"),
        ([(99, 1)], [(101, 12)], f"buying power falls short by {212 * TICK} minor units", "asks"),
        ([(99, 1), (98, 1)], [(101, 1), (102, 1)], "the account may have 3 working orders at most", None),
    ],
)
def test_a_mass_quote_is_told_which_side_is_to_blame(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], message: str, field: str | None
) -> None:
    world = World()
    limits = AccountLimits(max_order_qty=12, max_position=15, max_working_orders=3)
    world.open("dora", cash=1_000 * TICK, limits=limits)
    levels = {"bids": tuple(Quote(*bid) for bid in bids), "asks": tuple(Quote(*ask) for ask in asks)}
    assert told(world.do(MassQuote(account="dora", symbol_id=ACME, **levels))) == (message, field)


def test_a_transfer_that_cannot_be_is_told_the_bounds() -> None:
    world = World()
    bounds = "amount must be from 1 to 1000000000000000000 minor units"
    assert told(world.do(TransferCash(account="alice", to="bob", amount=0))) == (bounds, "amount")
    short = world.do(TransferCash(account="alice", to="bob", amount=MILLION + 1))
    assert told(short) == (f"no more than {MILLION} minor units are free", "amount")
    itself = world.do(TransferCash(account="alice", to="alice", amount=1))
    assert told(itself) == ("cash is transferred to another account", "to")


def test_a_sentiment_out_of_range_is_told_the_range() -> None:
    news = PublishNews(headline="Up", sentiment=1_001)
    assert told(World().do(news)) == ("sentiment must be from -1000 to 1000", "sentiment")

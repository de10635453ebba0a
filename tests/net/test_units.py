from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import Instrument
from engine.types import CASH_SCALE, DECIMAL_SCALE, RejectCode
from net.units import UnitError, Units, cash_from_wire, cash_to_wire, size_from_wire, steps_from_wire, steps_to_wire

CENTS = Units(tick_e8=1_000_000, lot_e8=DECIMAL_SCALE)
STEPS = st.one_of(st.sampled_from([1, 7, 25, 1_000_000, 12_500_000, DECIMAL_SCALE]), st.integers(1, 10**14))


@given(steps=st.integers(1, 2**50), step_e8=STEPS)
def test_what_goes_out_comes_back_as_the_same_integer(steps: int, step_e8: int) -> None:
    assert steps_from_wire(steps_to_wire(steps, step_e8), step_e8) == steps


@given(value=st.floats(1e-9, 1e9), step_e8=STEPS)
def test_a_wire_number_is_taken_only_if_it_names_its_step_exactly(value: float, step_e8: int) -> None:
    steps = steps_from_wire(value, step_e8)
    assert steps is None or steps * step_e8 / DECIMAL_SCALE == value


def test_prices_a_human_types_are_on_the_tick() -> None:
    assert [CENTS.ticks(price) for price in (0.01, 0.07, 0.29, 100.05, 1_234_567.89)] == [1, 7, 29, 10_005, 123_456_789]


@pytest.mark.parametrize("price", [100.005, 0.001, 100.05000000000001, math.nextafter(0.29, 1)])
def test_a_price_between_two_ticks_is_refused_never_rounded(price: float) -> None:
    with pytest.raises(UnitError) as refused:
        CENTS.ticks(price, "stop_price")
    assert (refused.value.code, refused.value.field) == (RejectCode.PRICE_OFF_TICK, "stop_price")


def test_a_quantity_between_two_lots_is_refused() -> None:
    with pytest.raises(UnitError) as refused:
        CENTS.lots(1.5)
    assert (refused.value.code, refused.value.field) == (RejectCode.QUANTITY_OFF_LOT, "quantity")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_what_no_integer_can_hold_is_refused(value: float) -> None:
    assert steps_from_wire(value, 1) is None


def test_units_come_from_the_instrument() -> None:
    eth = Instrument(symbol_id=1, ticker="ETH", initial_price=1, tick_size_e8=10_000_000, lot_size_e8=10_000)
    units = Units.of(eth)
    assert (units.price(25_001), units.quantity(1_2345)) == (2500.1, 1.2345)
    assert (units.ticks(2500.1), units.lots(1.2345)) == (25_001, 12_345)


def test_cash_is_the_decimal_that_was_written() -> None:
    assert cash_from_wire(100_000.1) == 100_000 * CASH_SCALE + CASH_SCALE // 10
    assert cash_to_wire(cash_from_wire(99_999_999.99)) == 99_999_999.99


@pytest.mark.parametrize("amount", [0.000000001, math.nan, math.inf])
def test_cash_finer_than_a_minor_unit_is_refused(amount: float) -> None:
    with pytest.raises(UnitError):
        cash_from_wire(amount)


def test_tick_and_lot_sizes_have_at_most_eight_decimals() -> None:
    assert size_from_wire(0.00000001, "tick_size") == 1
    with pytest.raises(UnitError):
        size_from_wire(0.000000001, "tick_size")

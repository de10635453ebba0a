from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from net.hyperliquid import decimals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (84_143_00000000, "84143.0"),
        (100_000, "0.001"),
        (20_00000000, "20.0"),
        (0, "0.0"),
        (1, "0.00000001"),
        (-339_414_30000000, "-339414.3"),
        (100_00000000, "100.0"),
    ],
)
def test_numbers_go_out_without_exponent_or_padding_but_with_a_decimal(value: int, text: str) -> None:
    assert decimals.to_wire(value) == text
    assert decimals.from_wire(text) == value


@given(st.integers(-(10**24), 10**24))
def test_every_number_survives_the_wire(value: int) -> None:
    assert decimals.from_wire(decimals.to_wire(value)) == value
    assert decimals.from_wire(decimals.to_signed_form(value)) == value


@pytest.mark.parametrize("text", ["", "1e5", "nan", ".5", "5.", "+1", " 1", "1_000", "0.123456789", "\u0661", "1" * 40])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a decimal number|more than 8 decimals"):
        decimals.from_wire(text)


@pytest.mark.parametrize(
    ("padded", "signed"), [("25.20", "25.2"), ("100.0", "100"), ("1800", "1800"), ("0.0200", "0.02"), ("abc", "abc")]
)
def test_padding_is_dropped_before_hashing(padded: str, signed: str) -> None:
    assert decimals.canonical(padded) == signed


@pytest.mark.parametrize(
    ("price", "size_decimals", "spot", "legal"),
    [
        ("123456", 5, False, True),  # a whole number is legal however long
        ("12345.6", 1, False, False),  # six figures
        ("1234.5", 1, False, True),
        ("0.001234", 0, False, True),
        ("0.0012345", 0, False, False),  # seven decimals on a perp
        ("0.01234", 1, False, True),
        ("0.0012345", 0, True, True),  # a spot price may have eight less the size's
        ("0.00012345", 1, True, False),
        ("0", 0, False, False),
    ],
)
def test_a_price_has_five_figures_within_its_decimals(price: str, size_decimals: int, spot: bool, legal: bool) -> None:
    assert decimals.is_legal_price(decimals.from_wire(price), size_decimals, spot=spot) is legal


@given(st.integers(1, 10**16), st.integers(0, 5), st.booleans(), st.booleans())
def test_a_rounded_price_is_legal_and_on_the_asked_side(price: int, size_decimals: int, spot: bool, up: bool) -> None:
    rounded = decimals.round_price(price, size_decimals, spot=spot, up=up)
    assert decimals.is_legal_price(rounded, size_decimals, spot=spot)
    assert rounded >= price if up else rounded <= max(price, rounded if rounded < 10**8 else 0)


def test_sizes_fit_the_lot() -> None:
    assert decimals.is_legal_size(decimals.from_wire("0.00012"), 5)
    assert not decimals.is_legal_size(decimals.from_wire("0.000012"), 5)
    assert not decimals.is_legal_size(0, 5)


@pytest.mark.parametrize(
    ("price", "figures", "mantissa", "width"),
    [("83767", 5, 1, "1.0"), ("83767", 5, 5, "5.0"), ("83767", 3, 1, "100.0"), ("0.012345", 2, 1, "0.001")],
)
def test_aggregated_books_use_the_bucket_of_the_price(price: str, figures: int, mantissa: int, width: str) -> None:
    assert decimals.to_wire(decimals.bucket_of(decimals.from_wire(price), figures, mantissa)) == width

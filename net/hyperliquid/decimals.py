"""Numbers as the Hyperliquid wire writes them: decimal strings, exact in both directions.

Inside, every price, size and amount of USD is an integer in units of 1 / ``SCALE`` ("e8"); the wire never needs more
than eight decimals. Floats appear nowhere.
"""

from __future__ import annotations

import re
from typing import Final

from engine.types import DECIMAL_SCALE

SCALE: Final = DECIMAL_SCALE
_DECIMALS: Final = 8
_MAX_SIGNIFICANT: Final = 5
_PERP_DECIMALS: Final = 6
_SPOT_DECIMALS: Final = 8
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)


def to_wire(value: int) -> str:
    """Write an e8 integer as the venue does: no exponent, no trailing zeros, at least one decimal (``84143.0``)."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), SCALE)
    return f"{sign}{whole}.{fraction:08d}".rstrip("0") + ("0" if fraction == 0 else "")


def to_signed_form(value: int) -> str:
    """Write an e8 integer as it stands in a signed action: no trailing zeros, no bare point (``25.2``, ``100``)."""
    return to_wire(value).removesuffix(".0")


def from_wire(text: str) -> int:
    """Read a decimal string exactly as an e8 integer.

    Raises:
        ValueError: not a plain decimal number, or one with more than eight decimals.
    """
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"not a decimal number: {text[:40]!r}")
    whole, _, fraction = text.lstrip("-").partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > _DECIMALS:
        raise ValueError(f"more than {_DECIMALS} decimals: {text!r}")
    value = int(whole) * SCALE + int(fraction.ljust(_DECIMALS, "0") or "0")
    return -value if text.startswith("-") else value


def canonical(text: str) -> str:
    """Drop the padding of a decimal string before hashing (``25.20`` to ``25.2``); what is no number stays as it is."""
    try:
        return to_signed_form(from_wire(text))
    except ValueError:
        return text


def decimals_of(value: int) -> int:
    """How many decimals an e8 integer needs."""
    decimals = _DECIMALS
    while decimals and value % 10 == 0:
        value //= 10
        decimals -= 1
    return decimals


def significant_figures(value: int) -> int:
    """How many significant figures an e8 integer has."""
    return len(str(abs(value)).rstrip("0"))


def price_decimals(size_decimals: int, *, spot: bool) -> int:
    """The most decimals a price may have on an asset whose sizes have ``size_decimals``."""
    return max(0, (_SPOT_DECIMALS if spot else _PERP_DECIMALS) - size_decimals)


def is_legal_price(price: int, size_decimals: int, *, spot: bool) -> bool:
    """Whether the venue takes this price: five significant figures within the asset's decimals, or any whole number."""
    if price <= 0:
        return False
    if price % SCALE == 0:
        return True
    decimals = price_decimals(size_decimals, spot=spot)
    return decimals_of(price) <= decimals and significant_figures(price) <= _MAX_SIGNIFICANT


def is_legal_size(size: int, size_decimals: int) -> bool:
    """Whether a size fits the asset's lot."""
    return size > 0 and size % 10 ** (_DECIMALS - size_decimals) == 0


def round_price(price: int, size_decimals: int, *, spot: bool, up: bool) -> int:
    """The nearest legal price at or beyond ``price``: above it when ``up``, else below; never below one step."""
    whole_digits = len(str(price // SCALE)) if price >= SCALE else 0
    leading_zeros = 0 if price >= SCALE else _DECIMALS - len(str(price))
    by_figures = leading_zeros + _MAX_SIGNIFICANT - whole_digits
    decimals = max(0, min(price_decimals(size_decimals, spot=spot), by_figures))
    step = int(10 ** (_DECIMALS - decimals))
    return max(step, -(-price // step) * step if up else price // step * step)


def bucket_of(price: int, figures: int, mantissa: int) -> int:
    """Width, in e8, of the l2Book bucket that ``price`` falls in for ``nSigFigs`` and ``mantissa``."""
    magnitude = len(str(price)) - 1
    return int(10 ** max(0, magnitude - figures + 1)) * mantissa

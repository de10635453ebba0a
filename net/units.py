"""Exact conversion between the numbers of the public wire and the integers of the engine.

On the wire prices, quantities and cash are JSON numbers; inside they are ticks, lots and minor units. A wire number is
accepted only if it is the float nearest to a whole number of steps (``value == steps * step_e8 / 10**8``): nothing is
ever rounded to the next tick or lot. Python divides integers with correct rounding, so both directions agree with each
other on every machine.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from engine.instruments import Instrument
from engine.types import CASH_SCALE, DECIMAL_SCALE, RejectCode

EXACT_MAX: Final = 2**51
"""Up to here a quotient of floats is less than half a step off, so that rounding it finds the one step it can be."""

_NANOS_PER_MILLI: Final = 1_000_000
_SCALE: Final = float(DECIMAL_SCALE)
_EXACT: Final = float(EXACT_MAX)


class UnitError(ValueError):
    """A wire number that is no whole number of steps: ``code`` and ``field`` say which."""

    def __init__(self, code: RejectCode, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


def steps_from_wire(value: float, step_e8: int) -> int | None:
    """How many steps of ``step_e8`` (in units of 1 / DECIMAL_SCALE) ``value`` is, or None if it lies between two."""
    quotient = value * _SCALE / step_e8
    if not -_EXACT < quotient < _EXACT:  # also false for NaN
        return None
    steps = round(quotient)
    return steps if steps * step_e8 / DECIMAL_SCALE == value else None


def steps_to_wire(steps: int, step_e8: int) -> float:
    """The float nearest to ``steps`` steps of ``step_e8``."""
    return steps * step_e8 / DECIMAL_SCALE


class Units(msgspec.Struct, frozen=True, gc=False):
    """Converts prices and quantities of one instrument."""

    tick_e8: int
    lot_e8: int

    @classmethod
    def of(cls, instrument: Instrument) -> Units:
        """The units of one instrument."""
        return cls(instrument.tick_size_e8, instrument.lot_size_e8)

    def price(self, ticks: int) -> float:
        """A price in currency units."""
        return ticks * self.tick_e8 / DECIMAL_SCALE

    def quantity(self, lots: int) -> float:
        """A quantity in the instrument's units."""
        return lots * self.lot_e8 / DECIMAL_SCALE

    def ticks(self, price: float, field: str = "price") -> int:
        """A price in ticks; raises ``UnitError`` (``price_off_tick``) when it lies between two."""
        ticks = steps_from_wire(price, self.tick_e8)
        if ticks is None:
            text = f"{price!r} is not a multiple of the tick size {self.tick_e8 / DECIMAL_SCALE!r}"
            raise UnitError(RejectCode.PRICE_OFF_TICK, field, text)
        return ticks

    def lots(self, quantity: float, field: str = "quantity") -> int:
        """A quantity in lots; raises ``UnitError`` (``quantity_off_lot``) when it lies between two."""
        lots = steps_from_wire(quantity, self.lot_e8)
        if lots is None:
            text = f"{quantity!r} is not a multiple of the lot size {self.lot_e8 / DECIMAL_SCALE!r}"
            raise UnitError(RejectCode.QUANTITY_OFF_LOT, field, text)
        return lots


def cash_to_wire(minor: int) -> float:
    """An amount of cash in currency units."""
    return minor / CASH_SCALE


def cash_from_wire(amount: float, field: str = "cash") -> int:
    """An amount of cash in minor units, taken as the shortest decimal that names ``amount``.

    Raises:
        UnitError: finer than one minor unit, or not finite.
    """
    decimal = Decimal(repr(amount))
    minor = decimal * CASH_SCALE if decimal.is_finite() else Decimal("0.5")
    if minor != minor.to_integral_value():
        raise UnitError(RejectCode.INVALID_MESSAGE, field, f"{amount!r} is not a whole number of minor units of cash")
    return int(minor)


def size_from_wire(size: float, field: str) -> int:
    """A tick or lot size in units of 1 / DECIMAL_SCALE; raises ``UnitError`` when it has more than eight decimals."""
    e8 = steps_from_wire(size, 1)
    if e8 is None or e8 <= 0:
        raise UnitError(RejectCode.INVALID_MESSAGE, field, f"{size!r} is no positive number of at most eight decimals")
    return e8


def millis(nanos: int) -> int:
    """Nanoseconds as the wire's milliseconds."""
    return nanos // _NANOS_PER_MILLI


def nanos(millis: int) -> int:
    """The wire's milliseconds as nanoseconds."""
    return millis * _NANOS_PER_MILLI

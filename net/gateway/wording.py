"""Reasons of the engine in the words of the public wire: ticks, lots and minor units as prices, quantities and cash.

The engine knows integers only, and names the unit behind every amount in its messages; here they are converted exactly.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from engine.types import CASH_SCALE, DECIMAL_SCALE
from net.units import Units

WIRE_FIELDS: Final = {
    "qty": "quantity",
    "type": "orderType",
    "tif": "time_in_force",
    "display_qty": "display_quantity",
    "order_id": "orderId",
    "account": "agent_id",
    "cash": "starting_capital",
}
"""Fields that the wire calls by another name than the engine."""

NO_INSTRUMENT: Final = Units(DECIMAL_SCALE, DECIMAL_SCALE)
"""For messages about accounts, which speak of cash only."""

_AMOUNTS: Final = re.compile(r"(?P<first>\d+)(?: to (?P<last>\d+))? (?P<unit>ticks|lots|minor units)\b")
_QUANTITY: Final = re.compile(r"\b(?P<display>display_)?qty\b")


def wire_field(field: str | None) -> str | None:
    """The wire's name of a field of a command."""
    return None if field is None else WIRE_FIELDS.get(field, field)


def wire_reason(message: str, units: Units = NO_INSTRUMENT) -> str:
    """An engine's message, as its sender is told it; ``units`` are those of the instrument it is about."""

    def converted(found: re.Match[str]) -> str:
        first, last, unit = int(found["first"]), found["last"], found["unit"]
        text = _amount(first, unit, units)
        return text if last is None else f"{text} to {_amount(int(last), unit, units)}"

    return _QUANTITY.sub(lambda found: f"{found['display'] or ''}quantity", _AMOUNTS.sub(converted, message))


def _amount(steps: int, unit: str, units: Units) -> str:
    if unit == "ticks":
        return _decimal_text(steps * units.tick_e8, DECIMAL_SCALE, _decimals(units.tick_e8))
    if unit == "lots":
        return _decimal_text(steps * units.lot_e8, DECIMAL_SCALE, 0)
    return f"{Decimal(_decimal_text(steps, CASH_SCALE, 2)):,f}"


def _decimal_text(value: int, scale: int, at_least: int) -> str:
    """``value / scale`` exactly, a scale being a power of ten, with ``at_least`` so many decimals."""
    digits = len(str(scale)) - 1
    whole, part = divmod(value, scale)
    decimals = f"{part:0{digits}d}".rstrip("0").ljust(at_least, "0")
    return f"{whole}.{decimals}" if decimals else str(whole)


def _decimals(step_e8: int) -> int:
    """Decimals of a step size."""
    return len(f"{step_e8 % DECIMAL_SCALE:08d}".rstrip("0"))

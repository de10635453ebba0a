"""Between the wire's decimal numbers and the ladder's whole ticks and lots."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of one tick and one lot of an instrument; prices inside the console are whole ticks."""

    tick_size: float
    lot_size: float

    def ticks(self, price: float) -> int:
        """Nearest whole number of ticks."""
        return round(price / self.tick_size)

    def price(self, ticks: int) -> float:
        """Price of ``ticks``, as the wire wants it: exactly the decimal number that a person would write."""
        return round(ticks * self.tick_size, _decimals(self.tick_size))

    def text(self, ticks: int) -> str:
        """Price with all decimals of the tick."""
        return _price_text(ticks, self.tick_size)

    def qty(self, quantity: float) -> str:
        """Quantity as short as it can be said exactly; from 100,000 on it is rounded: 250k, 1.5M."""
        return qty_text(quantity, self.lot_size)

    def exact(self, quantity: float) -> str:
        """Quantity with every digit, thousands apart: for what is about to be sent."""
        text = f"{quantity:,.{_decimals(self.lot_size)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def average(self, ticks: float) -> str:
        """Average price, with the decimals of the tick; ``ticks`` need not be whole."""
        return f"{ticks * self.tick_size:.{_decimals(self.tick_size)}f}"

    def whole_lots(self, quantity: float) -> float:
        """Quantity rounded down to whole lots."""
        lots = int(quantity / self.lot_size + 1e-9)
        return round(lots * self.lot_size, _decimals(self.lot_size))

    @property
    def price_width(self) -> int:
        """Decimals of a price."""
        return _decimals(self.tick_size)


@lru_cache(maxsize=64)
def _decimals(size: float) -> int:
    exponent = Decimal(repr(size)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@lru_cache(maxsize=8192)
def _price_text(ticks: int, tick_size: float) -> str:
    return f"{ticks * tick_size:.{_decimals(tick_size)}f}"


@lru_cache(maxsize=8192)
def qty_text(quantity: float, lot_size: float = 1.0) -> str:
    """Quantity with the decimals of its lot, trailing zeros dropped, large ones in thousands."""
    if abs(quantity) >= 1e9:
        return f"{quantity / 1e6:,.0f}M"
    if abs(quantity) >= 1_000_000:
        return f"{quantity / 1e6:.1f}M"
    if abs(quantity) >= 100_000:
        return f"{quantity / 1000:,.0f}k"
    text = f"{quantity:.{_decimals(lot_size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=8192)
def money(amount: float, signed: bool = False) -> str:
    """Cash with two decimals and thousands separators; ``signed`` writes the plus."""
    text = f"{abs(amount):,.2f}"
    if amount < 0 and text.strip("0.,"):
        return f"-{text}"
    return f"+{text}" if signed and text.strip("0.,") else text


def short_number(value: float) -> str:
    """Number in at most five cells: 999, 1.2k, 34k, 5.6M."""
    size = abs(value)
    for limit, divisor, suffix in ((1e4, 1.0, ""), (1e5, 1e3, "k"), (1e6, 1e3, "k"), (1e9, 1e6, "M"), (1e12, 1e9, "G")):
        if size < limit:
            scaled = value / divisor
            return f"{scaled:.0f}{suffix}" if abs(scaled) >= 100 or not suffix else f"{scaled:.1f}{suffix}"
    return f"{value:.1e}"

"""What can be traded, and the rules each instrument is traded by."""

from __future__ import annotations

import msgspec

from engine.types import CASH_SCALE, DECIMAL_SCALE, InstrumentStatus, SymbolId


class FeeSchedule(msgspec.Struct, frozen=True, gc=False):
    """Fees as parts per million of the notional; a negative fee is a rebate."""

    maker_ppm: int = 0
    taker_ppm: int = 0


class Instrument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tradable instrument. All prices are in ticks, all quantities in lots.

    ``tick_size_e8`` and ``lot_size_e8`` are the sizes of one tick and one lot in units of 1 / ``DECIMAL_SCALE``
    (0.01 is 1_000_000). Their product must be a whole number of cash minor units, so that the notional of every fill is
    exact.
    """

    symbol_id: SymbolId
    ticker: str
    description: str = ""
    industry: str = ""
    initial_price: int
    """Reference price, in ticks, before the first trade."""
    tick_size_e8: int = DECIMAL_SCALE // 100
    lot_size_e8: int = DECIMAL_SCALE
    status: InstrumentStatus = InstrumentStatus.OPEN
    source: str = "simulated"
    """Where its market comes from: ``simulated``, or the name of an outside venue."""
    fees: FeeSchedule = FeeSchedule()
    price_band_ppm: int = 100_000
    """How far from the reference price an order may be priced, or a market order may sweep; 0 switches it off."""
    halt_band_ppm: int = 0
    """Instead of trading further than this from the price of the last auction (or the initial price), the market is
    halted and an auction held; 0 switches it off."""
    halt_duration_ns: int = 0
    """How long such an auction lasts; positive when there is a ``halt_band_ppm``."""

    @property
    def tick_value(self) -> int:
        """Minor units of cash that one lot is worth for each tick of price."""
        return self.tick_size_e8 * self.lot_size_e8 * CASH_SCALE // (DECIMAL_SCALE * DECIMAL_SCALE)

    def notional(self, price: int, qty: int) -> int:
        """Cash value, in minor units, of ``qty`` lots at ``price`` ticks."""
        return price * qty * self.tick_value

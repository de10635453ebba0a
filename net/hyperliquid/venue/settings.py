"""How the venue behaves: kind to bots by default, strict where a switch says so."""

from __future__ import annotations

from typing import Final

import msgspec

from net.hyperliquid.decimals import SCALE
from net.hyperliquid.venue.config import Chain, VenueConfig

MAX_LEVERAGE: Final = {"BTC": 40, "ETH": 25, "SOL": 20, "kPEPE": 10}
DEFAULT_MAX_LEVERAGE: Final = 20
ENGINE_LEVERAGE: Final = 50
"""What the engine lets a perpetual wallet reach; the venue holds it to each asset's own leverage."""


class Cadences(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between pushes of each kind of stream."""

    whole_book: float = 0.5
    fast_book: float = 0.1
    best: float = 0.045
    mids: float = 1.0
    context: float = 1.0
    user_state: float = 1.0
    candle: float = 0.5

    @classmethod
    def real(cls) -> Cadences:
        """What the live venue does."""
        return cls(whole_book=5.4, fast_book=0.54, best=0.045, mids=5.0, context=1.0, user_state=4.5, candle=0.75)


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Switches of the venue."""

    hang_up_on_bad_names: bool = False
    """Close the socket without a word on an unknown coin, as the live venue does, in place of an error frame."""
    chain: Chain = "any"
    """Which signatures count."""
    rate_limits: bool = False
    idle_cut_s: float | None = 60.0
    """Hang up on a connection that nothing was sent to for this long; None never does."""
    cadences: Cadences = Cadences()
    minimum_value: int = 10 * SCALE
    """Smallest value of an order, in e8 dollars; reduce-only orders are exempt."""
    bounds_percent: int = 80
    """How far from the mark an order may be priced."""
    maximum_value: int = 50_000_000
    """Largest value of an order, in dollars."""
    faults_by_http: bool = False
    """Whether ``POST /faults`` arms faults; off, because everybody who reaches the port could."""
    max_users_per_socket: int = 10
    twap_slice_s: float = 30.0
    """Seconds between the slices of a TWAP order."""
    open_interest_s: float = 5.0
    """How often all accounts are asked for what they hold."""
    caught_up_s: float = 1.0
    """How long an answer waits for what it caused to show in what may be read."""

    @classmethod
    def of(cls, config: VenueConfig) -> VenueSettings:
        """The switches that a configuration means; ``strict`` is the live venue's manners throughout."""
        cadences = Cadences.real() if config.strict else Cadences()
        return cls(
            hang_up_on_bad_names=config.strict,
            rate_limits=config.strict,
            cadences=cadences,
            faults_by_http=config.faults,
            chain=config.chain,
        )

"""One market's session as the statistics see it: returns, flows and trades on a common grid of time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from statistics import fmean

from agents.market import NS
from agents.simulated.recorder import Tape

SANE_MOVE = 0.3
"""A price that leaves its start by more than this share in one session has run away."""
SANE_TWO_SIDED = 0.98
"""Share of seconds in which a sane book has both sides."""


class MarketSeries:
    """Prints and once-a-second quotes of one session. Prices in ticks, times in seconds since the session's start."""

    def __init__(
        self,
        ticker: str,
        *,
        bids: Sequence[int],
        asks: Sequence[int],
        trade_times: Sequence[float],
        trade_prices: Sequence[float],
        trade_sizes: Sequence[float],
        signs: Sequence[float],
        mids_before: Sequence[float],
        initial_price: float,
        bin_s: int = 10,
        session_share: float = 1.0,
    ) -> None:
        """``bids`` and ``asks`` are quotes at seconds 0, 1, 2, …, 0 for an empty side.

        ``session_share`` says how much of a whole trading day this is.
        """
        self.ticker = ticker
        self.bids, self.asks = bids, asks
        self.trade_times, self.trade_prices = trade_times, trade_prices
        self.trade_sizes, self.signs, self.mids_before = trade_sizes, signs, mids_before
        self.initial_price = initial_price
        self.bin_s = bin_s
        self.session_share = session_share

    @classmethod
    def of_tape(
        cls, tape: Tape, start_ns: int, *, skip_s: float = 0.0, bin_s: int = 10, day_s: float = 23_400.0
    ) -> MarketSeries:
        """A simulated session without its first ``skip_s`` seconds."""
        skip = int(skip_s)
        first = start_ns + skip * NS
        kept = [index for index, time in enumerate(tape.time) if time >= first and tape.sign[index]]
        return cls(
            tape.ticker,
            bids=tape.bid[skip:],
            asks=tape.ask[skip:],
            trade_times=[(tape.time[index] - first) / NS for index in kept],
            trade_prices=[float(tape.price[index]) for index in kept],
            trade_sizes=[float(tape.qty[index]) for index in kept],
            signs=[float(tape.sign[index]) for index in kept],
            mids_before=[tape.mid_before[index] for index in kept],
            initial_price=float(tape.initial_price),
            bin_s=bin_s,
            session_share=len(tape.bid) / day_s,
        )

    @cached_property
    def mids(self) -> list[float]:
        """Mid once a second; the last one known where the book has one side only."""
        mid = self.initial_price
        mids = []
        for bid, ask in zip(self.bids, self.asks, strict=True):
            if bid and ask:
                mid = (bid + ask) / 2
            mids.append(mid)
        return mids

    @cached_property
    def binned_mids(self) -> list[float]:
        """Mid at the edge of each bin."""
        return self.mids[:: self.bin_s]

    @cached_property
    def returns(self) -> list[float]:
        """Change of the mid in each bin."""
        return [later - earlier for earlier, later in pairwise(self.binned_mids)]

    @cached_property
    def _trade_bins(self) -> list[int]:
        return [int(time // self.bin_s) for time in self.trade_times]

    def _binned(self, values: Sequence[float]) -> list[float]:
        """Sum of a value of the prints in each bin."""
        sums = [0.0] * len(self.returns)
        for place, value in zip(self._trade_bins, values, strict=True):
            if place < len(sums):
                sums[place] += value
        return sums

    @cached_property
    def trade_counts(self) -> list[float]:
        """Prints in each bin."""
        return self._binned([1.0] * len(self.trade_times))

    @cached_property
    def volumes(self) -> list[float]:
        """Lots traded in each bin."""
        return self._binned(self.trade_sizes)

    @cached_property
    def flows(self) -> list[float]:
        """Lots bought less lots sold by takers, in each bin."""
        return self._binned([sign * size for sign, size in zip(self.signs, self.trade_sizes, strict=True)])

    def orders(self) -> list[tuple[float, float, float, float]]:
        """Prints of one taker at one moment as one: time, size, sign, mid before."""
        merged: list[tuple[float, float, float, float]] = []
        for time, size, sign, mid in zip(self.trade_times, self.trade_sizes, self.signs, self.mids_before, strict=True):
            if merged and merged[-1][0] == time and merged[-1][2] == sign:
                merged[-1] = (time, merged[-1][1] + size, sign, merged[-1][3])
            else:
                merged.append((time, size, sign, mid))
        return merged

    def impacts(self) -> tuple[list[float], list[float]]:
        """Size of each taker's order, and how far the mid went with it until the next one."""
        orders = self.orders()
        sizes = [order[1] for order in orders[:-1]]
        moves = [order[2] * (after[3] - order[3]) for order, after in pairwise(orders)]
        return sizes, moves

    def spread_and_volatility(self, seconds: int) -> tuple[list[float], list[float]]:
        """Mean spread, and mean absolute one-second move, of each stretch of so many seconds."""
        spreads: list[float] = []
        moves: list[float] = []
        for start in range(0, len(self.mids) - seconds, seconds):
            both = [
                ask - bid
                for bid, ask in zip(self.bids[start : start + seconds], self.asks[start : start + seconds], strict=True)
                if bid and ask
            ]
            if both:
                spreads.append(fmean(both))
                window = self.mids[start : start + seconds + 1]
                moves.append(fmean([abs(b - a) for a, b in pairwise(window)]))
        return spreads, moves

    def is_sane(self) -> bool:
        """No runaway price, no dead book."""
        if not self.mids:
            return False
        furthest = max(abs(mid - self.initial_price) for mid in self.mids)
        two_sided = sum(1 for bid, ask in zip(self.bids, self.asks, strict=True) if bid and ask)
        return furthest <= SANE_MOVE * self.initial_price and two_sided >= SANE_TWO_SIDED * len(self.mids)

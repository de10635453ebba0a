"""Candles are those of the trades, also of intervals that are not kept."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.marketdata import CANDLE_INTERVALS, Candles
from engine.service import CandleView

SECOND = 1_000_000_000
TRADES = 1_507


def candles_of_ten_seconds(limit: int, first: int) -> list[CandleView]:
    """What is known of one trade of one lot every five seconds, from ``first`` seconds on."""
    candles = Candles()
    for n in range(TRADES):
        candles.add((first + 5 * n) * SECOND, 100, 1)
    return candles.newest(10 * SECOND, limit)


@pytest.mark.parametrize("first", [0, 5])
def test_a_candle_of_which_a_part_is_no_longer_kept_is_left_out(first: int) -> None:
    found = candles_of_ten_seconds(1_000, first)
    assert len(found) > 490
    assert {candle.volume for candle in found[:-1]} == {2}


@pytest.mark.parametrize("first", [0, 5])
@pytest.mark.parametrize("limit", [1, 7])
def test_as_many_candles_come_as_were_asked_for(limit: int, first: int) -> None:
    found = candles_of_ten_seconds(limit, first)
    assert len(found) == limit
    assert {candle.volume for candle in found[:-1]} <= {2}


def test_the_first_candle_of_a_short_history_is_whole() -> None:
    candles = Candles()
    for second in (5, 10, 15):
        candles.add(second * SECOND, 100, 1)
    assert [candle.volume for candle in candles.newest(10 * SECOND, 1_000)] == [1, 2]


def candles_of(trades: list[tuple[int, int, int]], interval: int) -> list[CandleView]:
    """What candles are: of each interval with trades (times, prices, lots), its first, highest, lowest and last."""
    candles = []
    for start, group in groupby(trades, lambda trade: trade[0] // interval * interval):
        within = list(group)
        prices = [price for _, price, _ in within]
        candles.append(
            CandleView(
                time=start,
                open=prices[0],
                high=max(prices),
                low=min(prices),
                close=prices[-1],
                volume=sum(qty for _, _, qty in within),
                trades=len(within),
            )
        )
    return candles


pauses = st.one_of(*[st.integers(0, longest * SECOND) for longest in (1, 1, 10, 200, 10_000)])
steps = st.lists(st.tuples(pauses, st.integers(90, 110), st.integers(1, 9)), min_size=1, max_size=40)


@given(steps=steps, odd=st.sampled_from([2, 10, 90, 7_200, 172_800]))
def test_candles_of_every_interval_are_those_of_the_trades(steps: list[tuple[int, int, int]], odd: int) -> None:
    candles, trades, now = Candles(), [], 0
    for pause, price, qty in steps:
        now += pause
        trades.append((now, price, qty))
        candles.add(now, price, qty)
    for interval in (*CANDLE_INTERVALS, odd * SECOND):
        assert candles.newest(interval, 1_000) == candles_of(trades, interval)
        assert candles.newest(interval, 3) == candles_of(trades, interval)[-3:]

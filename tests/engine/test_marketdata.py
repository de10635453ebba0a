"""Candles of intervals that are not kept, put together from those that are."""

from __future__ import annotations

import pytest

from engine.marketdata import Candles
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

from typing import Any

import pytest

from agents.market import ATTENTION_CAP, MarketView, SymbolView, usual_volatility
from engine.types import Side


def test_attention_rises_with_moves_and_falls_back(tiny: Any) -> None:
    def minutes(count: int, move: int) -> float:
        for step in range(count * 60):
            tiny.pass_time(1)
            offset = move * (step % 2)
            tiny.quote(9_999 + offset, 10_001 + offset)
            tiny.view.sample(1.0)
        return float(tiny.symbol.attention)

    calm = minutes(60, 0)
    wild = minutes(5, 6)
    later = minutes(120, 0)
    assert calm == pytest.approx(0.48, abs=0.02)
    assert wild > 1.5
    assert wild <= ATTENTION_CAP
    assert later < 0.6


def test_a_book_is_read_only_when_it_changed_and_somebody_looks() -> None:
    reads: list[int] = []

    def read(symbol_id: int, levels: int) -> Any:
        reads.append(levels)
        return ((99, 5),), ((101, 7),)

    market = MarketView(read)
    market.add(SymbolView(1, "X", 100))
    assert market.symbol(1).mid == 100.0
    assert (market.symbol(1).bid_qty, market.symbol(1).ask_qty) == (5, 7)
    assert reads == [1]
    market.mark_book(1)
    market.symbol(1)
    assert reads == [1, 1]


def test_the_mid_of_a_one_sided_book_is_the_last_print(tiny: Any) -> None:
    tiny.view.on_trade(1, 10_020, 5, Side.BUY)
    tiny.quote(0, 10_030)
    assert tiny.symbol.mid == 10_020.0


def test_flow_leans_to_the_side_that_takes(tiny: Any) -> None:
    for _ in range(30):
        tiny.view.on_trade(1, 10_000, 5, Side.BUY)
    assert 0.6 < tiny.symbol.flow < 1.0
    tiny.view.on_trade(1, 10_000, 5, None)
    assert tiny.symbol.trades == 31
    assert tiny.symbol.volume == 155


def test_prices_and_quantities_are_written_as_people_do() -> None:
    symbol = SymbolView(1, "GAMA", 1_660, tick_size=0.005, lot_size=0.1)
    assert symbol.price_text(1_661) == "8.305"
    assert symbol.qty_text(15) == "1.5"
    assert usual_volatility(10_000) == pytest.approx(0.85, abs=0.01)

"""What a trade makes of a position's cost, whatever the position was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.ledger import booked

lots = st.integers(-1_000, 1_000).filter(bool)
units = st.integers(1, 10**9)


@given(trades=st.lists(st.tuples(lots, units), min_size=1, max_size=20))
def test_cost_and_profit_are_those_of_the_average(trades: list[tuple[int, int]]) -> None:
    held = cost = 0
    for more, unit in trades:
        before, spent = held, cost
        cost, profit = booked(held, cost, more, unit)
        held += more
        assert cost == spent + more * unit + profit, "money appeared or vanished"
        if before * more >= 0:
            assert profit == 0
        elif before * held <= 0:
            assert cost == held * unit, "what is left was opened by this trade"
        else:
            kept = abs(spent) * abs(held)
            assert abs(cost) == -(-kept // abs(before)), "what is left cost its share, rounded up"
            assert (cost > 0) is (held > 0)

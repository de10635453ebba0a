import itertools
import statistics

from agents.fundamental import FundamentalProcess, student_t
from agents.rng import stream
from agents.scenario import FundamentalSection

PLAIN = FundamentalSection(jumps_per_hour=0.0, log_volatility_sigma=0.0, reversion_hours=0.0)


def path(process: FundamentalProcess, symbol_id: int, steps: int) -> list[float]:
    values = []
    for _ in range(steps):
        process.advance(1.0)
        values.append(process.value(symbol_id) or 0.0)
    return values


def moves(values: list[float]) -> list[float]:
    return [b - a for a, b in itertools.pairwise(values)]


def test_volatility_is_what_was_asked_for() -> None:
    process = FundamentalProcess(PLAIN, seed=3)
    process.add(1, 10_000.0, 0.84)
    assert abs(statistics.pstdev(moves(path(process, 1, 20_000))) - 0.84) < 0.02


def test_two_instruments_are_correlated_as_asked() -> None:
    process = FundamentalProcess(PLAIN, seed=3)
    process.add(1, 10_000.0, 1.0)
    process.add(2, 10_000.0, 1.0)
    both = [(process.advance(1.0), process.value(1), process.value(2))[1:] for _ in range(20_000)]
    first, second = moves([a or 0.0 for a, _ in both]), moves([b or 0.0 for _, b in both])
    assert abs(statistics.correlation(first, second) - 0.35) < 0.03


def test_adding_an_instrument_does_not_change_the_others() -> None:
    alone, together = FundamentalProcess(FundamentalSection(), 5), FundamentalProcess(FundamentalSection(), 5)
    alone.add(1, 5_000.0, 1.0)
    together.add(1, 5_000.0, 1.0)
    together.add(2, 700.0, 1.0)
    assert path(alone, 1, 500) == path(together, 1, 500)


def test_a_value_stays_near_its_start_for_weeks_and_never_reaches_zero() -> None:
    process = FundamentalProcess(FundamentalSection(), seed=11)
    process.add(1, 10_000.0, 0.84)
    process.add(2, 3.0, 5.0)
    lowest = highest = 10_000.0
    for _ in range(60 * 24 * 28):
        process.advance(60.0)
        value = process.value(1) or 0.0
        lowest, highest = min(lowest, value), max(highest, value)
        assert (process.value(2) or 0.0) >= 1.0
    assert 7_000 < lowest < highest < 13_000


def test_a_jump_moves_one_value_at_once() -> None:
    process = FundamentalProcess(PLAIN, seed=1)
    process.add(1, 100.0, 0.0)
    process.jump(1, -12.5)
    process.jump(9, 5.0)
    assert process.value(1) == 87.5
    assert process.value(9) is None


def test_student_t_has_unit_variance_and_fat_tails() -> None:
    rng = stream(1, "test", "t")
    draws = [student_t(rng, 4) for _ in range(50_000)]
    assert abs(statistics.pvariance(draws) - 1.0) < 0.1
    assert sum(abs(draw) > 4 for draw in draws) > 50

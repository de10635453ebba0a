import math
from pathlib import Path

import pytest
from small_market import small_market

from agents.grade import BotError, grade, load_bot, max_drawdown, mean_of

BUYER = """
from agents.intents import Listed, New, Timer, Wake
from engine.types import Side

class Bot:
    wants = frozenset()
    def __init__(self, context):
        self.context = context
    def on_event(self, event):
        now = self.context.market.now
        if isinstance(event, Listed):
            return [Wake(now + 10**9, 1)]
        if isinstance(event, Timer):
            return [New(1, Side.BUY, 5), Wake(now + 5 * 10**9, 1)]
        return []
"""
IDLE = """
class Bot:
    wants = frozenset()
    def __init__(self, context): pass
    def on_event(self, event): return []
"""
BROKEN = """
class Bot:
    wants = frozenset()
    def __init__(self, context): pass
    def on_event(self, event): raise ValueError("no idea")
"""
RESTER = BUYER.replace(
    "New(1, Side.BUY, 5)", "New(1, Side.BUY, 2, self.context.market.symbol(1).bid, ref=self.context.new_ref())"
)


def bot(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text)
    return path


def test_a_buyer_pays_the_spread_and_moves_the_market(tmp_path: Path) -> None:
    report = grade(bot(tmp_path, BUYER), [small_market(tmp_path)], [1, 2], hours=0.05)
    assert report.bot == "mine"
    for run in report.runs:
        assert run.fills >= run.orders > 20
        assert run.fill_ratio == pytest.approx(1.0, abs=0.05)
        assert run.spread_pnl < 0 < run.slippage_ticks
        assert run.maker_share == 0.0
        assert run.price_impact_ticks > 0
        parts = run.spread_pnl + run.adverse_selection + run.inventory_pnl - run.fees
        assert parts == pytest.approx(run.pnl)
    assert report.mean(lambda run: run.slippage_ticks).plus_minus > 0


def test_an_idle_bot_changes_nothing(tmp_path: Path) -> None:
    (run,) = grade(bot(tmp_path, IDLE), [small_market(tmp_path)], [1], hours=0.02).runs
    assert (run.pnl, run.fills, run.price_impact_ticks, run.volatility_impact) == (0.0, 0, 0.0, 0.0)


def test_a_resting_bot_earns_the_spread_and_waits_in_the_queue(tmp_path: Path) -> None:
    (run,) = grade(bot(tmp_path, RESTER), [small_market(tmp_path)], [1], hours=0.08).runs
    assert run.maker_share > 0.5
    assert run.spread_pnl > 0
    assert run.queue_ahead > 0
    assert run.fill_ratio < 1


def test_a_bot_that_raises_is_stopped_and_told_where(tmp_path: Path) -> None:
    (run,) = grade(bot(tmp_path, BROKEN), [small_market(tmp_path)], [1], hours=0.01).runs
    assert run.error == "ValueError: no idea (mine.py:5)"
    assert run.fills == 0


@pytest.mark.parametrize(
    ("text", "message"), [("x = 1", "no class Bot"), ("1/0", "ZeroDivisionError"), ("class Bot: pass", "no class Bot")]
)
def test_a_file_without_a_bot_says_so(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BotError, match=message):
        load_bot(bot(tmp_path, text))
    with pytest.raises(BotError, match="there is no file"):
        load_bot(tmp_path / "none.py")


@pytest.mark.parametrize(
    ("line", "message"), [("1 / 0", "cannot be made: ZeroDivisionError"), ("pass", "has no wants: a set of Book")]
)
def test_a_bot_that_cannot_be_made_says_so(tmp_path: Path, line: str, message: str) -> None:
    text = f"class Bot:\n    def __init__(self, context): {line}\n    def on_event(self, event): return []\n"
    with pytest.raises(BotError, match=message):
        grade(bot(tmp_path, text), [small_market(tmp_path)], [1], hours=0.01)


def test_drawdown_and_confidence() -> None:
    assert max_drawdown([1.0, 5.0, 2.0, 6.0, 4.0]) == 3.0
    assert max_drawdown([]) == 0.0
    assert mean_of([1.0, 2.0, 3.0]).value == 2.0
    assert mean_of([1.0, 2.0, 3.0]).plus_minus == pytest.approx(2.48, abs=0.01)
    assert math.isnan(mean_of([1.0]).plus_minus)

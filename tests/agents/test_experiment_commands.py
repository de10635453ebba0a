from pathlib import Path

import pytest
from small_market import small_market
from typer.testing import CliRunner

from net.errors import StartupError
from tui.cli import app
from tui.experiments import seeds_of

RUNNER = CliRunner()
IDLE = """
class Bot:
    wants = frozenset()
    def __init__(self, context): pass
    def on_event(self, event): return []
"""


def run(*arguments: str) -> str:
    result = RUNNER.invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_simulate_writes_a_report(tmp_path: Path) -> None:
    out = run("simulate", small_market(tmp_path), "--hours", "0.02", "--out", str(tmp_path / "out"))
    assert f"wrote {tmp_path / 'out' / 'report.html'}" in out.replace("\n", "")
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")


def test_sweep_says_what_each_seed_shows(tmp_path: Path) -> None:
    out = run("sweep", small_market(tmp_path), "--seeds", "1-2", "--hours", "0.01", "--jobs", "1")
    assert "seed 1 " in out
    assert "2 seeds, mean " in out


def test_grade_prints_a_table(tmp_path: Path) -> None:
    bot = tmp_path / "idle.py"
    bot.write_text(IDLE)
    out = run("grade", str(bot), "--scenarios", small_market(tmp_path), "--seeds", "1,2", "--hours", "0.01")
    assert "idle, 2 runs" in out
    assert "price impact ticks" in out


def test_train_writes_a_model(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    out = run("train", str(path), "--scenario", small_market(tmp_path), "--seeds", "1-2", "--hours", "0.05")
    assert "seed 2: " in out
    assert path.exists()


def test_seeds_are_written_as_people_do() -> None:
    assert seeds_of("3") == [3]
    assert seeds_of("1-3, 9") == [1, 2, 3, 9]
    for wrong in ("", "a", "1-", "1-9999999", "9-1"):
        with pytest.raises(StartupError, match="--seeds"):
            seeds_of(wrong)


@pytest.mark.parametrize("verb", ["simulate", "sweep"])
def test_where_nothing_can_be_written_nothing_is_run(tmp_path: Path, verb: str) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    with pytest.raises(StartupError, match=r"--out: .* cannot be written"):
        RUNNER.invoke(app, [verb, "calm", "--hours", "6.5", "--out", str(out)], catch_exceptions=False)

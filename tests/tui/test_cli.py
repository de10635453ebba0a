"""Commands that need no running exchange, through the command line's own parser."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from net.errors import StartupError
from tui.cli import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADESIM_CONFIG", str(tmp_path / "config.toml"))


def test_simulate_tells_what_happened_and_the_hash_that_names_it():
    once = runner.invoke(app, ["simulate", "--hours", "0.02", "--seed", "3"])
    again = runner.invoke(app, ["simulate", "--hours", "0.02", "--seed", "3"])
    other = runner.invoke(app, ["simulate", "--hours", "0.02", "--seed", "4"])
    assert once.exit_code == 0, once.output
    assert event_hash(once.output) == event_hash(again.output) != event_hash(other.output)
    assert "ACME" in once.output


def test_simulate_writes_a_report_with_trades_and_quotes_in_the_format_asked_for(tmp_path: Path):
    out = tmp_path / "out"
    result = runner.invoke(app, ["simulate", "--hours", "0.01", "--out", str(out), "--format", "parquet"])
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} >= {
        "report.html", "summary.json", "trades.csv", "quotes.csv", "trades.parquet", "quotes.parquet",
    }  # fmt: skip
    refused = runner.invoke(app, ["simulate", "--hours", "0.01", "--format", "parquet"])
    assert isinstance(refused.exception, StartupError)
    assert "--out DIR" in str(refused.exception)


def event_hash(output: str) -> str:
    [line] = [line for line in output.splitlines() if line.startswith("event hash ")]
    return line


def test_init_writes_a_scenario_that_loads_and_keeps_what_is_there(tmp_path: Path):
    assert runner.invoke(app, ["init", str(tmp_path)]).exit_code == 0
    result = runner.invoke(app, ["simulate", str(tmp_path / "my-scenario.toml"), "--hours", "0.01"])
    assert result.exit_code == 0, result.output
    again = runner.invoke(app, ["init", str(tmp_path)])
    assert isinstance(again.exception, StartupError)
    assert "my-scenario.toml is there already" in str(again.exception)


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        ('personality = "momentun"', "unknown personality 'momentun', did you mean 'momentum'?"),
        (
            'personality = "momentum"\nparams = { entri = 2 }',
            "unknown parameter 'entri' of momentum, did you mean 'entry'?",
        ),
        (
            'personality = "whale"\nparams = { schedule = "vwpa" }',
            "parameter 'schedule' of whale: Invalid enum value 'vwpa'",
        ),
        ('personality = "langgraph"\nparams = { graph = "no.such:graph" }', "langgraph-1 cannot trade as langgraph: "),
    ],
)
def test_a_mistake_in_a_scenarios_agents_is_one_line(tmp_path: Path, agents: str, told: str):
    path = tmp_path / "mine.toml"
    path.write_text(f'[[instruments]]\nticker = "ACME"\nprice = 10.0\n[[agents]]\n{agents}\n')
    result = runner.invoke(app, ["simulate", str(path), "--hours", "0.001"])
    assert isinstance(result.exception, StartupError)
    assert told in str(result.exception)


def test_doctor_names_the_build_and_the_ports(tmp_path: Path):
    result = runner.invoke(app, ["doctor", "--data-dir", str(tmp_path), "--port", "0", "--engine-port", "0"])
    assert result.exit_code == 0, result.output
    assert "build" in result.output
    assert str(tmp_path) in result.output


def test_verify_of_a_directory_without_a_journal_says_so(tmp_path: Path):
    result = runner.invoke(app, ["verify", str(tmp_path)])
    assert isinstance(result.exception, StartupError)
    assert str(result.exception) == f"there is no journal in {tmp_path}"


def test_report_of_a_directory_without_a_journal_says_so(tmp_path: Path):
    result = runner.invoke(app, ["report", str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, StartupError)
    assert str(result.exception) == f"there is no journal in {tmp_path}"

"""Commands that need no running exchange, through the command line's own parser."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from recorded import COMMANDS, killed, stopped
from typer.testing import CliRunner

from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.journal_files import FILE_NAME, boot_id
from engine.journal_lock import lock_data_dir
from engine.oms import OrderManagementSystem
from engine.recovery import recover
from engine.types import Durability
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


def doctor(data_dir: Path) -> Result:
    return runner.invoke(app, ["doctor", "--data-dir", str(data_dir), "--port", "0", "--engine-port", "0"])


def start(data_dir: Path) -> None:
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e2", boot_id=boot_id())
    try:
        recover(journal, OrderManagementSystem)
    finally:
        journal.close(clean=False)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("leave", [stopped, killed])
def test_doctor_reads_a_whole_journal_as_a_start_would_and_changes_nothing(
    tmp_path: Path, leave: Callable[[Path], Path]
):
    data_dir = leave(tmp_path / "data")
    before = content(data_dir)
    result = doctor(data_dir)
    assert result.exit_code == 0, result.output
    assert f"ok  journal     {COMMANDS} commands\n" in result.output
    assert content(data_dir) == before


def scribble(data_dir: Path) -> None:
    (data_dir / FILE_NAME).write_bytes(bytes(range(256)) * 40)


def age(data_dir: Path) -> None:
    edit(data_dir, "UPDATE meta SET value = '2' WHERE key = 'format'")


def break_a_group(data_dir: Path) -> None:
    edit(data_dir, "UPDATE groups SET crc = crc + 1 WHERE first = 20")


def flip_a_byte_of_the_log(data_dir: Path) -> None:
    log = data_dir / f"{FILE_NAME}-wal"
    damaged = bytearray(log.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    log.write_bytes(damaged)


def edit(data_dir: Path, sql: str) -> None:
    connection = sqlite3.connect(data_dir / FILE_NAME, isolation_level=None)
    connection.execute(sql)
    connection.close()


@pytest.mark.parametrize("damage", [scribble, age, break_a_group, flip_a_byte_of_the_log])
def test_doctor_says_what_a_start_would_refuse(tmp_path: Path, damage: Callable[[Path], None]):
    data_dir = killed(tmp_path / "data")
    damage(data_dir)
    before = content(data_dir)
    result = doctor(data_dir)
    assert result.exit_code == 1, result.output
    assert content(data_dir) == before
    with pytest.raises(JournalError) as refused:
        start(data_dir)
    assert f"BAD journal     {refused.value}\n" in result.output


def test_doctor_tells_of_an_engine_that_has_the_directory(tmp_path: Path):
    with lock_data_dir(tmp_path):
        result = doctor(tmp_path)
    assert result.exit_code == 1, result.output
    assert f"BAD journal     the data directory {tmp_path} is in use by another engine" in result.output


def test_verify_of_a_directory_without_a_journal_says_so(tmp_path: Path):
    result = runner.invoke(app, ["verify", str(tmp_path)])
    assert isinstance(result.exception, StartupError)
    assert str(result.exception) == f"there is no journal in {tmp_path}"


def test_report_of_a_directory_without_a_journal_says_so(tmp_path: Path):
    result = runner.invoke(app, ["report", str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, StartupError)
    assert str(result.exception) == f"there is no journal in {tmp_path}"

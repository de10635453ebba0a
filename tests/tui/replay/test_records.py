"""``verify``, ``export`` and ``report`` on a session whose end is damaged: each says so, and exits with status 1."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.tui.replay.recorded import LAST, record
from tui.cli import app


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    data_dir = record(tmp_path / "data")
    connection = sqlite3.connect(data_dir / "journal.sqlite", isolation_level=None)
    connection.execute("UPDATE groups SET crc = crc + 1 WHERE first = (SELECT max(first) FROM groups)")
    connection.close()
    return data_dir


@pytest.mark.parametrize("command", ["verify", "export", "report"])
def test_a_damaged_end_is_told(command: str, damaged: Path, tmp_path: Path) -> None:
    out = [] if command == "verify" else ["--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [command, str(damaged), *out])
    assert result.exit_code == 1
    assert f"damaged from command {LAST - (LAST - 1) % 5} on" in " ".join(result.output.split())


@pytest.mark.parametrize("command", ["verify", "export", "report"])
def test_commands_that_are_gone_are_told(command: str, damaged: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(damaged / "journal.sqlite", isolation_level=None)
    connection.execute("DELETE FROM groups WHERE first > 50")
    connection.close()
    out = [] if command == "verify" else ["--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [command, str(damaged), *out])
    assert result.exit_code != 0
    told = result.output + str(result.exception)
    assert f"lacks commands 51 to {LAST}" in " ".join(told.split())
    assert not (tmp_path / "out" / "trades.csv").exists()

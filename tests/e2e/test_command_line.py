"""The command line on user's mistakes: one clear line, exit status 2, no traceback."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Exchange

pytestmark = pytest.mark.e2e

COMMANDS = ["serve", "engine", "gateway", "agents", "connect"]


def tradesim(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def assert_refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2, result
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("tier", [("serve",), ()], ids=["serve", "console"])
def test_a_port_in_use_is_told(tmp_path: Path, tier: tuple[str, ...]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = tradesim(*tier, "--port", port, "--data-dir", str(tmp_path))
    assert_refused(result, port, "in use", "--port")


def test_an_engine_port_in_use_is_told(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = tradesim("engine", "--engine-port", port, "--data-dir", str(tmp_path))
    assert_refused(result, port, "in use")


def test_a_data_directory_that_cannot_be_written_to_is_told(tmp_path: Path):
    not_a_directory = tmp_path / "file"
    not_a_directory.touch()
    assert_refused(tradesim("serve", "--port", "0", "--engine-port", "0", "--data-dir", str(not_a_directory)), "file")


def test_a_broken_scenario_is_told_with_the_key_and_the_nearest_right_one(tmp_path: Path):
    scenario = tmp_path / "mine.toml"
    scenario.write_text('[[instruments]]\nticker = "ACME"\nprcie = 100\n')
    result = tradesim("serve", "--scenario", str(scenario), "--data-dir", str(tmp_path))
    assert_refused(result, "prcie", "price", "mine.toml")


def test_an_unknown_flag_is_told():
    result = tradesim("serve", "--prot", "1")
    assert result.returncode == 2
    assert "--port" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(command: str):
    result = tradesim(command, "--help")
    assert result.returncode == 0
    assert "--data-dir" in result.stdout


def test_help_names_every_command():
    result = tradesim("--help")
    for command in COMMANDS:
        assert command in result.stdout


def test_a_console_without_a_terminal_says_what_to_use_instead(tmp_path: Path):
    result = tradesim("--port", "0", "--engine-port", "0", "--data-dir", str(tmp_path))
    assert_refused(result, "needs a terminal", "tradesim-tui serve")


def test_a_broken_configuration_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = tmp_path / "config.toml"
    config.write_text("[serve\n")
    monkeypatch.setenv("TRADESIM_CONFIG", str(config))
    assert_refused(tradesim("serve", "--data-dir", str(tmp_path)), "config.toml")


def test_a_flag_can_stand_in_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = tmp_path / "config.toml"
    config.write_text('[serve]\nscenario = "nowhere"\n')
    monkeypatch.setenv("TRADESIM_CONFIG", str(config))
    assert_refused(tradesim("serve", "--data-dir", str(tmp_path)), "nowhere")


async def test_a_line_from_the_shell_trades_and_its_exit_status_tells(exchange: Exchange):
    common = ("--url", exchange.ws_url, "--data-dir", str(exchange.data_dir))
    done = await asyncio.to_thread(tradesim, "do", "buy 10 ACME @ 100.5; orders", *common)
    assert (done.returncode, done.stdout) == (0, "ok: #1 working 10\n#1  buy  10  ACME  @ 100.50\n")
    refused = await asyncio.to_thread(tradesim, "do", "sell 1000000 ACME @ 100.5", *common)
    assert (refused.returncode, refused.stdout[:29]) == (1, "refused: insufficient_funds: ")
    canceled = await asyncio.to_thread(tradesim, "do", "cancel ACME @ 100.5", *common)
    assert (canceled.returncode, canceled.stdout) == (0, "ok: 1 canceled\n")
    assert_refused(await asyncio.to_thread(tradesim, "do", "buy ten ACME", *common), "not a quantity")
    watched = await asyncio.to_thread(tradesim, "watch", "ACME", "--frames", "1", "--url", exchange.ws_url)
    assert (watched.returncode, "bid size" in watched.stdout) == (0, True)

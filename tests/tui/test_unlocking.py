"""Real orders are locked until a network, a key and a typed sentence are there."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from net.errors import StartupError
from net.hyperliquid.info_client import Network
from net.hyperliquid.keys import KEY_VARIABLE
from tui import unlocking
from tui.cli import app
from tui.flags import ExchangeFlags
from tui.unlocking import RealOrders

KEY = "0x" + "a1" * 32
SENTENCE = "trade up to $250 per order on testnet"


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlocking, "check_terminal", lambda: None)
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def type_in(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(line + "\n"))


@pytest.mark.usefixtures("at_terminal")
def test_the_sentence_says_network_and_cap_and_must_be_typed_exactly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = RealOrders(network="testnet", cap=250)
    type_in(monkeypatch, SENTENCE)
    safety = real.unlock()
    assert (safety.network, safety.banner) == (Network.TESTNET, "REAL ORDERS · TESTNET · up to $250 per order")
    shown = capsys.readouterr().out
    assert SENTENCE in shown
    assert "https://api.hyperliquid-testnet.xyz" in shown
    assert KEY[2:] not in shown
    for other in ("yes", "trade up to $25 per order on testnet", ""):
        type_in(monkeypatch, other)
        with pytest.raises(StartupError, match="nothing was started"):
            real.unlock()


@pytest.mark.usefixtures("at_terminal")
def test_real_money_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "trade up to $100 per order on mainnet")
    assert RealOrders(network="mainnet", cap=100).unlock().banner.startswith("REAL MONEY · MAINNET")


@pytest.mark.usefixtures("at_terminal")
def test_a_key_that_others_may_read_is_refused_before_anybody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o644)
    with pytest.raises(StartupError, match="may be read by others"):
        RealOrders(network="testnet", cap=250, key_file=file).unlock()
    file.chmod(0o600)
    type_in(monkeypatch, SENTENCE)
    assert RealOrders(network="testnet", cap=250, key_file=file).unlock().banner
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(StartupError, match=f"no key: set {KEY_VARIABLE}"):
        RealOrders(network="testnet", cap=250).unlock()


@pytest.mark.usefixtures("at_terminal")
def test_an_unknown_network_is_named() -> None:
    with pytest.raises(StartupError, match="no network 'main': there are mainnet and testnet"):
        RealOrders(network="main", cap=100).unlock()


def test_the_books_are_those_of_the_network_that_orders_go_to(tmp_path: Path) -> None:
    flags = ExchangeFlags(data_dir=tmp_path, port=0, engine_port=0, coins="BTC")
    settings = flags.for_real_orders("testnet").settings()
    assert (settings.coins, settings.hl_url) == (("BTC",), "testnet")
    with pytest.raises(StartupError, match="shows other books"):
        ExchangeFlags(data_dir=tmp_path, venue_url="http://127.0.0.1:1/hl").for_real_orders("testnet")


def test_without_a_terminal_nothing_is_asked_and_nothing_starts(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["--hl-network", "testnet", "--data-dir", str(tmp_path), "--port", "0", "--engine-port", "0"]
    )
    assert isinstance(result.exception, StartupError)
    assert "needs a terminal" in str(result.exception)
    assert [*tmp_path.iterdir()] == []

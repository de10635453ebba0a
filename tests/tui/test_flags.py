"""The flags of a whole exchange: one declaration serves every command that starts one."""

from pathlib import Path

import msgspec
import pytest
import typer.main
from typer.core import TyperGroup

from engine.commands import AccountLimits
from engine.journal import Journal
from engine.journal_lock import lock_data_dir
from engine.types import Durability
from net.errors import StartupError
from net.hyperliquid.decimals import SCALE
from net.hyperliquid.venue.funding import Funding, read_funding
from tui.cli import app
from tui.flags import DEFAULT_COINS, ExchangeFlags, live_coins
from tui.hosting.admission import Limits
from tui.hosting.command import HostingFlags
from tui.tiers import TierSettings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a user may ask for


def test_every_command_that_starts_an_exchange_takes_the_same_flags() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)

    for command in (group, *(group.commands[verb] for verb in ("serve", "ssh", "web"))):
        assert set(ExchangeFlags.__dataclass_fields__) <= {parameter.name for parameter in command.params}


def test_both_doors_for_others_take_the_same_flags_and_their_limits_follow() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)

    for verb in ("ssh", "web"):
        assert set(HostingFlags.__dataclass_fields__) <= {parameter.name for parameter in group.commands[verb].params}
    assert HostingFlags(traders=3, idle_minutes=0.5).limits() == Limits(traders=3, idle_s=30.0)


def test_an_exchange_that_others_may_reach_keeps_its_engine_on_loopback(tmp_path: Path) -> None:
    settings = ExchangeFlags(data_dir=tmp_path, host=EVERYWHERE, port=0, engine_port=0).settings()

    assert settings.host == EVERYWHERE
    assert settings.engine_host == "127.0.0.1"
    assert 0 not in (settings.port, settings.engine_port)


@pytest.mark.parametrize("durability", Durability)
def test_a_directory_that_an_engine_has_is_refused_before_anything_starts(
    tmp_path: Path, durability: Durability
) -> None:
    flags = ExchangeFlags(data_dir=tmp_path, port=0, engine_port=0, durability=durability)
    with lock_data_dir(tmp_path), pytest.raises(StartupError, match=f"{tmp_path} is in use by another engine"):
        flags.settings()
    flags.settings()


def test_an_exchange_that_keeps_nothing_is_refused_a_directory_with_a_journal(tmp_path: Path) -> None:
    Journal.open(tmp_path, Durability.PROCESS, new_epoch="e1", boot_id="b").close(clean=False)
    with pytest.raises(StartupError, match="has a journal, which --durability none would leave out"):
        ExchangeFlags(data_dir=tmp_path, port=0, engine_port=0, durability=Durability.NONE).settings()
    ExchangeFlags(data_dir=tmp_path, port=0, engine_port=0).settings()


def test_an_account_that_cannot_be_read_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="0xADDRESS"):
        ExchangeFlags(data_dir=tmp_path, hl_account=["rich"]).settings()


def test_live_coins_need_their_venue() -> None:
    assert live_coins(None, "") == ()
    assert live_coins("hyperliquid", "") == DEFAULT_COINS
    assert live_coins("hyperliquid", "BTC, HYPE/USDC") == ("BTC", "HYPE/USDC")
    with pytest.raises(StartupError, match="--venue hyperliquid"):
        live_coins(None, "BTC")


def test_accounts_of_the_scenario_come_before_those_of_the_command_line(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(
        '[[instruments]]\nticker = "BTC"\nprice = 95000\n\n'
        f'[[hyperliquid_accounts]]\naddress = "0x{"1" * 40}"\nusdc = 500\n'
    )
    flags = ExchangeFlags(
        data_dir=tmp_path, port=0, engine_port=0, scenario=str(scenario), hl_account=[f"0x{'2' * 40}=7"]
    )
    own, flagged = flags.settings().hl_accounts
    assert read_funding(own) == Funding(address="0x" + "1" * 40, perp=500 * SCALE, spot=500 * SCALE)
    assert read_funding(flagged).perp == 7 * SCALE


def test_limits_of_accounts_come_from_the_scenario_and_a_wrong_one_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    scenario, data_dir = tmp_path / "mine.toml", tmp_path / "data"
    text = '[[instruments]]\nticker = "BTC"\nprice = 95000\n[account_limits]\nshort_selling = false\nleverage = {}\n'
    flags = ExchangeFlags(data_dir=data_dir, port=0, engine_port=0, scenario=str(scenario))
    scenario.write_text(text.format(0))
    with pytest.raises(StartupError, match=r"account_limits\.leverage: Expected `int` >= 1"):
        flags.settings()
    assert not data_dir.exists()
    scenario.write_text(text.format(3))
    settings = msgspec.json.decode(msgspec.json.encode(flags.settings()), type=TierSettings)
    assert settings.account_limits == AccountLimits(short_selling=False, leverage=3)


def test_a_certificate_that_cannot_be_used_is_refused_before_anything_starts(tmp_path: Path) -> None:
    nonsense = tmp_path / "cert.pem"
    nonsense.write_text("no certificate")
    for flags in (
        ExchangeFlags(data_dir=tmp_path, tls_cert=nonsense),
        ExchangeFlags(data_dir=tmp_path, tls_cert=tmp_path / "missing.pem"),
        ExchangeFlags(data_dir=tmp_path, tls_key=nonsense),
    ):
        with pytest.raises(StartupError, match=r"TLS|--tls-cert"):
            flags.settings()


def test_with_a_certificate_the_tiers_find_each_other_over_tls() -> None:
    settings = TierSettings(data_dir="x", port=8443, tls_cert="cert.pem")
    assert (settings.http_url, settings.ws_url) == ("https://127.0.0.1:8443", "wss://127.0.0.1:8443/ws")

from pathlib import Path

import pytest

from agents.scenario import ScenarioError, builtin_scenarios, load_scenario, parse_scenario
from agents.series import MarketSeries
from agents.simulation import START_NS, simulate
from engine.commands import AccountLimits

ONE = '[[instruments]]\nticker = "ACME"\nprice = 100.5\n'
PURR = '[[instruments]]\nticker = "PURR/USDC"\nprice = 0.2\ntick_size = 0.0001\n'
ACCOUNT = f'[[hyperliquid_accounts]]\naddress = "0x{"Ab" * 20}"\n'


@pytest.mark.parametrize("name", builtin_scenarios())
def test_every_builtin_scenario_loads(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.agents


def test_default_scenario_has_at_least_five_instruments_of_differing_character() -> None:
    scenario = load_scenario()
    assert len(scenario.instruments) >= 5
    assert len({instrument.initial_price for instrument in scenario.instruments}) == len(scenario.instruments)
    assert len({instrument.tick_size_e8 for instrument in scenario.instruments}) >= 3
    assert len({trait.volatility for trait in scenario.traits}) >= 4
    assert [instrument.symbol_id for instrument in scenario.instruments] == list(
        range(1, len(scenario.instruments) + 1)
    )


def test_decimals_become_engine_integers() -> None:
    text = '[[instruments]]\nticker = "X"\nprice = 8.315\ntick_size = 0.005\nlot_size = 0.001\nhalt_seconds = 1.5\n'
    instrument = parse_scenario(text, "x").instruments[0]
    assert instrument.initial_price == 1663
    assert instrument.tick_size_e8 == 500_000
    assert instrument.lot_size_e8 == 100_000
    assert instrument.halt_duration_ns == 1_500_000_000


def test_limits_of_accounts_are_those_of_the_engine_unless_the_scenario_sets_them() -> None:
    assert parse_scenario(ONE, "x").account_limits == AccountLimits()
    assert all(load_scenario(name).account_limits == AccountLimits() for name in builtin_scenarios())
    text = "[account_limits]\nshort_selling = false\nmax_position = 200\nmax_order_notional = 2_500.5\n"
    assert parse_scenario(ONE + text, "x").account_limits == AccountLimits(
        short_selling=False, max_position=200, max_order_notional=250_050_000_000
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ONE + "tick_sise = 0.01", "unknown key 'tick_sise' in instruments[0], did you mean 'tick_size'?"),
        (ONE + "[fundamental]\nvolatility = 1", "unknown key 'volatility' in fundamental"),
        (ONE + "[markt]\nhours = 1", "unknown key 'markt', did you mean 'market'?"),
        (ONE + "[market]\nhours = -1", "market.hours: Expected `float` > 0.0"),
        (ONE + '[market]\nhours = "long"', "market.hours: Expected `float`, got `str`"),
        (ONE + "tick_size = 0.7", "instruments[0] (ACME).price: 100.5 is not a multiple of tick_size 0.7"),
        (ONE + "lot_size = 0.123456789", "instruments[0] (ACME).lot_size: 0.123456789 has more than eight decimals"),
        (ONE + ONE, "instruments[1]: ticker 'ACME' is there twice"),
        (ONE + '[[agents]]\npersonality = "noise"\ninstruments = ["ACNE"]', "no instrument 'ACNE'"),
        (ONE + '[[events]]\nat = 1\nkind = "halted"', "events[0].kind: unknown 'halted', did you mean 'halt'?"),
        (
            ONE + '[[hyperliquid_accounts]]\naddress = "0x12"\nusdc = 1',
            "[0].address: '0x12' is not 0x and 40 hexadecimal",
        ),
        (ONE + ACCOUNT + "usd = 1", "unknown key 'usd' in hyperliquid_accounts[0], did you mean 'usdc'?"),
        (ONE + ACCOUNT + "usdc = -5", "hyperliquid_accounts[0].usdc: Expected `float` >= 0.0"),
        (
            ONE + PURR + ACCOUNT + "usdc = 1\ntokens = { PUR = 3 }",
            "no pair with USDC trades 'PUR', did you mean 'PURR'?",
        ),
        (
            ONE + "[account_limits]\nmax_positon = 5",
            "unknown key 'max_positon' in account_limits, did you mean 'max_position'?",
        ),
        (ONE + "[account_limits]\nleverage = 101", "account_limits.leverage: Expected `int` <= 100"),
        (ONE + "[account_limits]\nmax_order_qty = 0", "account_limits.max_order_qty: Expected `int` >= 1"),
        (
            ONE + "[account_limits]\nmax_order_notional = 1e11",
            "account_limits.max_order_notional: Expected `float` <= 1",
        ),
        (
            ONE + "[account_limits]\nmax_order_notional = 0.123456789",
            "max_order_notional: 0.123456789 has more than eight",
        ),
        (ONE + "[market]\nopening_auction_s = -1", "market.opening_auction_s: Expected `int` >= 0"),
        (ONE + "[market]\nhours = 0.01\nclosing_auction_s = 36", "closing_auction_s leave nothing of its hours"),
        ("", "at least one [[instruments]] is needed"),
        ("[[instruments]", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_that_says_where_and_what_was_meant(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "mine.toml")
    assert str(caught.value).startswith("scenario mine.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ONE)
    scenario = load_scenario(str(path))
    assert scenario.name == "mine"
    assert scenario.instrument("ACME").initial_price == 10_050
    with pytest.raises(KeyError):
        scenario.instrument("BETA")


def test_an_unknown_name_and_an_unreadable_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'defalt', did you mean 'default'\?"):
        load_scenario("defalt")
    with pytest.raises(ScenarioError, match=r"cannot read scenario .*No such file"):
        load_scenario(str(tmp_path / "none.toml"))
    with pytest.raises(ScenarioError, match="cannot read scenario"):
        load_scenario(str(tmp_path))


def test_accounts_of_the_hyperliquid_venue_are_funded_by_the_scenario() -> None:
    text = ONE + PURR + ACCOUNT + "usdc = 10_000\n" + ACCOUNT + "usdc = 7.5\nspot = 2\ntokens = { PURR = 30 }\n"
    scenario = parse_scenario(text, "x")
    address = "0x" + "Ab" * 20
    assert [account.funding for account in scenario.hyperliquid_accounts] == [
        f"{address}=10000.00000000,spot=10000.00000000",
        f"{address}=7.50000000,spot=2.00000000,PURR=30.00000000",
    ]


@pytest.mark.timeout(120)
def test_a_flash_crash_falls_within_minutes_and_comes_back() -> None:
    [tape] = simulate(load_scenario("flash_crash"), hours=0.95).recorder.tapes.values()
    mids = MarketSeries.of_tape(tape, START_NS).mids
    before, bottom, after = mids[1_800], min(mids[1_800:2_100]), mids[-1]
    assert bottom < 0.98 * before
    assert after > bottom + 0.8 * (before - bottom)
    assert abs(tape.value[2_100] - tape.value[1_800]) < 0.002 * before  # its value did not move

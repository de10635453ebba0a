from typing import Any

import pytest

from agents.population import make_agent, members
from agents.scenario import ScenarioError, parse_scenario

TWO = '[[instruments]]\nticker = "ACME"\nprice = 100\n[[instruments]]\nticker = "BETA"\nprice = 50\n'


def test_members_are_named_by_their_personality_and_number() -> None:
    text = (
        TWO + '[[agents]]\npersonality = "market_maker"\ncount = 2\n[[agents]]\npersonality = "noise"\nname = "crowd"\n'
    )
    assert [member.name for member in members(parse_scenario(text, "x"))] == [
        "market-maker-1",
        "market-maker-2",
        "crowd-1",
    ]


def test_a_member_trades_the_instruments_it_is_told_to() -> None:
    text = TWO + '[[agents]]\npersonality = "noise"\ninstruments = ["BETA"]\n[[agents]]\npersonality = "noise"\n'
    first, second = members(parse_scenario(text, "x"))
    assert first.symbols == frozenset({2})
    assert second.symbols is None


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        ('personality = "mometum"', r"agents\[0\]: unknown personality 'mometum', did you mean 'momentum'\?"),
        ('personality = "noise"\nparams = {rat = 1.0}', r"agents\[0\]: unknown parameter 'rat' of noise"),
        (
            'personality = "noise"\nparams = {rate = "often"}',
            r"agents\[0\]: parameter 'rate' of noise: Expected `float`",
        ),
    ],
)
def test_a_mistake_in_the_population_says_where_it_is(agent: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        members(parse_scenario(f"{TWO}[[agents]]\n{agent}\n", "x"))


def test_randomness_depends_on_name_and_seed_not_on_the_account_or_on_others(tiny: Any) -> None:
    member = members(parse_scenario(TWO + '[[agents]]\npersonality = "noise"\n', "x"))[0]
    streams = [make_agent(member, account, tiny.view, seed, None)[0].rng("x").random() for account, seed in
               (("a", 1), ("b", 1), ("a", 2))]  # fmt: skip
    assert streams[0] == streams[1] != streams[2]

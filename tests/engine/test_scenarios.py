from __future__ import annotations

import pytest
from engine_world import World
from scenarios import SCENARIOS, Scenario
from story import Teller


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario) -> None:
    world = World("", **scenario.rules)
    for name in ("alice", "bob", "carol"):
        world.open(name, **({} if scenario.accounts.get("cash") and name != "alice" else scenario.accounts))
    Teller(world).tell(scenario.story)


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))

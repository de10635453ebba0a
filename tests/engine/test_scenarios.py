from __future__ import annotations

import pytest
from engine_world import World, restarted
from scenarios import SCENARIOS, Scenario
from story import Teller

from engine.commands import AnyCommand
from engine.events import AnyEvent


class RestartingWorld(World):
    """An exchange that is restored from its snapshot before every command."""

    def do(self, command: AnyCommand) -> list[AnyEvent]:
        self.oms = restarted(self.oms)
        return super().do(command)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("kind", [World, RestartingWorld])
def test_scenario(scenario: Scenario, kind: type[World]) -> None:
    world = kind("", **scenario.rules)
    for name in ("alice", "bob", "carol"):
        world.open(name, **({} if scenario.accounts.get("cash") and name != "alice" else scenario.accounts))
    Teller(world).tell(scenario.story)


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))

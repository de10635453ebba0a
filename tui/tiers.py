"""One coroutine a tier: turns flags into the tier's configuration and runs it until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from net.engine_protocol import Durability
from net.errors import StartupError

if TYPE_CHECKING:
    from agents.scenario import Scenario


def read_scenario(name: str) -> Scenario:
    """Load a built-in scenario or a file; raises ``StartupError`` when there is something wrong with it."""
    from agents.scenario import ScenarioError, load_scenario

    try:
        return load_scenario(name)
    except ScenarioError as error:
        raise StartupError(f"scenario {error}") from error


async def engine(
    data_dir: Path, host: str, port: int, scenario_name: str, durability: Durability, *, supervised: bool
) -> None:
    """Run the engine process."""
    from engine.commands import AddInstrument
    from net.engine_server import EngineConfig, run_engine

    listing = tuple(AddInstrument(instrument=instrument) for instrument in read_scenario(scenario_name).instruments)
    config = EngineConfig(
        host=host,
        port=port,
        data_dir=data_dir,
        durability=durability,
        initial_commands=listing,
        supervised=supervised,
    )
    await run_engine(config)


async def gateway(
    data_dir: Path,
    host: str,
    port: int,
    engine: tuple[str, int],
    allowed_origins: tuple[str, ...],
    *,
    supervised: bool,
) -> None:
    """Run the gateway process in front of the engine at host and port ``engine``."""
    from net.gateway.app import run_gateway
    from net.gateway.config import GatewayConfig

    config = GatewayConfig(
        data_dir=data_dir,
        host=host,
        port=port,
        engine_host=engine[0],
        engine_port=engine[1],
        allowed_origins=allowed_origins,
        supervised=supervised,
    )
    await run_gateway(config)


async def agents(data_dir: Path, url: str, scenario_name: str, seed: int | None, *, supervised: bool) -> None:
    """Run the agents process against the gateway at ``url``."""
    from agents.runner import AgentsConfig, run_agents

    read_scenario(scenario_name)
    config = AgentsConfig(url=url, data_dir=data_dir, scenario=scenario_name, seed=seed, supervised=supervised)
    await run_agents(config)

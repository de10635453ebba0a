"""What each tier is run with, and running one until it is told to stop.

    python -m tui.tiers engine|gateway|agents SETTINGS

is what a child process of the supervisor is. SETTINGS are JSON, made from flags that ``tui.cli`` has checked, so that a
child does not pay for importing the command line.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Coroutine
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if __name__ == "__main__":
    # Libraries import these where they are there; no tier draws with rich, nor does the gateway use pydantic's models.
    # Going without saves the gateway half a second of its start.
    spared = ("rich", "pydantic") if sys.argv[1:2] == ["gateway"] else ("rich",)
    sys.modules.update(dict.fromkeys(spared))  # type: ignore[arg-type]

import msgspec

from engine.commands import AccountLimits
from net.engine_protocol import Durability
from net.errors import StartupError, TradesimError
from net.process import run
from tui.settings import reachable_host

if TYPE_CHECKING:
    from agents.scenario import Scenario

EXIT_FAILURE = 1
EXIT_USER_ERROR = 2

LOOPBACK = "127.0.0.1"


class TierName(Enum):
    """The processes of an exchange, in the order in which they need each other."""

    ENGINE = "engine"
    GATEWAY = "gateway"
    AGENTS = "agents"
    FEED = "feed"
    """Live books of another venue, for paper trading; runs only when coins were named."""


class TierSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user asked for. One struct for all tiers: each takes what concerns it."""

    data_dir: str
    host: str = LOOPBACK
    port: int = 8000
    engine_host: str = LOOPBACK
    """Where the engine listens and the gateway finds it: its door asks nobody who he is, so it stays on loopback."""
    engine_port: int = 9999
    trust_network: bool = False
    """Let the engine listen beyond loopback, and whoever reaches it act for every account."""
    scenario: str = "default"
    seed: int | None = None
    durability: Durability = Durability.PROCESS
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    personalities: tuple[str, ...] = ()
    """What the agents process can make of an agent that REST is asked for."""
    tls_cert: str | None = None
    tls_key: str | None = None
    account_limits: AccountLimits = AccountLimits()
    """Of accounts that people and bots open, as the scenario has it."""
    hl_accounts: tuple[str, ...] = ()
    """Accounts of the Hyperliquid venue: ``0xADDRESS=USDC``."""
    hl_port: int | None = None
    """A port of its own for the Hyperliquid venue, which is below ``/hl`` of the gateway's in any case."""
    hl_strict: bool = False
    hl_faults: bool = False
    hl_chain: Literal["any", "mainnet", "testnet"] = "any"
    coins: tuple[str, ...] = ()
    """Live Hyperliquid markets to trade on paper."""
    hl_url: str = ""
    """Where those come from: a base URL, ``testnet``, or the venue's main network when empty."""
    gateway_url: str | None = None
    """WebSocket address of a gateway elsewhere, for agents that run alone."""
    supervised: bool = False
    """Stop when standard input ends."""

    @property
    def http_url(self) -> str:
        """Base address of REST and docs."""
        return f"{'https' if self.tls_cert else 'http'}://{self._reachable_host}:{self.port}"

    @property
    def venue_url(self) -> str:
        """Base address that a Hyperliquid client takes."""
        return f"{self.http_url}/hl" if not self.hl_port else f"http://{self._reachable_host}:{self.hl_port}"

    @property
    def ws_url(self) -> str:
        """Address of the WebSocket."""
        return self.gateway_url or f"{'wss' if self.tls_cert else 'ws'}://{self._reachable_host}:{self.port}/ws"

    @property
    def _reachable_host(self) -> str:
        return reachable_host(self.host)


async def run_tier(name: TierName, settings: TierSettings) -> None:
    """Run one tier until it is told to stop."""
    match name:
        case TierName.ENGINE:
            await _engine(settings)
        case TierName.GATEWAY:
            await _gateway(settings)
        case TierName.AGENTS:
            await _agents(settings)
        case TierName.FEED:
            await _feed(settings)


def known_personalities() -> tuple[str, ...]:
    """The names of all personalities."""
    from agents.personalities import personalities

    return tuple(sorted(personalities()))


def read_scenario(name: str, *, agents: bool = True) -> Scenario:
    """Load a built-in scenario or a file; raises ``StartupError`` when there is something wrong with it.

    Without ``agents`` what it says of them is not checked, which spares a tier the strategies' code.
    """
    from agents.scenario import ScenarioError, load_scenario

    try:
        scenario = load_scenario(name)
        if agents:
            from agents.population import members

            members(scenario)
    except ScenarioError as error:
        raise StartupError(str(error)) from error
    return scenario


async def _engine(settings: TierSettings) -> None:
    from engine.commands import AddInstrument
    from net.engine_server import EngineConfig, run_engine

    listing = tuple(
        AddInstrument(instrument=instrument)
        for instrument in read_scenario(settings.scenario, agents=False).instruments
    )
    config = EngineConfig(
        host=settings.engine_host,
        port=settings.engine_port,
        trust_network=settings.trust_network,
        data_dir=Path(settings.data_dir),
        durability=settings.durability,
        initial_commands=listing,
        supervised=settings.supervised,
    )
    await run_engine(config)


async def _gateway(settings: TierSettings) -> None:
    from net.gateway import GatewayConfig, run_gateway
    from net.hyperliquid.venue.config import VenueConfig

    config = GatewayConfig(
        data_dir=Path(settings.data_dir),
        host=settings.host,
        port=settings.port,
        engine_host=settings.engine_host,
        engine_port=settings.engine_port,
        allowed_origins=settings.allowed_origins,
        allowed_hosts=settings.allowed_hosts,
        personalities=settings.personalities,
        account_limits=settings.account_limits,
        tls_cert=Path(settings.tls_cert) if settings.tls_cert else None,
        tls_key=Path(settings.tls_key) if settings.tls_key else None,
        hyperliquid=VenueConfig(
            accounts=settings.hl_accounts,
            port=settings.hl_port,
            strict=settings.hl_strict,
            faults=settings.hl_faults,
            chain=settings.hl_chain,
        ),
        supervised=settings.supervised,
    )
    await run_gateway(config)


async def _feed(settings: TierSettings) -> None:
    from net.hyperliquid.info_client import Network
    from net.hyperliquid.paper_feed import PaperConfig, run_paper

    networks = {"": Network.MAINNET.value} | {network.name.lower(): network.value for network in Network}
    config = PaperConfig(
        markets=settings.coins,
        base_url=networks.get(settings.hl_url, settings.hl_url),
        engine_host=settings.engine_host,
        engine_port=settings.engine_port,
        data_dir=Path(settings.data_dir),
        supervised=settings.supervised,
    )
    await run_paper(config)


async def _agents(settings: TierSettings) -> None:
    from agents.runner import AgentsConfig, run_agents

    config = AgentsConfig(
        url=settings.ws_url,
        data_dir=Path(settings.data_dir),
        scenario=settings.scenario,
        seed=settings.seed,
        supervised=settings.supervised,
    )
    await run_agents(config)


def run_command(command: Coroutine[object, object, None], *, screen: bool = False) -> int:
    """Run a command, with a ``screen`` or without, and return its exit status.

    What a user got wrong is one line on standard error and status 2.
    """
    try:
        with contextlib.suppress(KeyboardInterrupt):
            run(command, screen=screen)
    except TradesimError as error:
        sys.stderr.write(f"tradesim-tui: {error}\n")
        return EXIT_USER_ERROR if isinstance(error, StartupError) else EXIT_FAILURE
    return 0


if __name__ == "__main__":
    sys.exit(run_command(run_tier(TierName(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=TierSettings))))

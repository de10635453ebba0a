"""The command line, and the one place where the tiers are put together.

Each command imports what it needs when it runs: a tier's process must not pay for the console, nor the console for the
gateway.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from importlib.metadata import version
from typing import Annotated, NoReturn

import msgspec
import typer

from net.engine_protocol import Durability
from net.errors import StartupError, TradesimError
from tui.bench import PASS_ON, bench
from tui.diagnosis import doctor
from tui.experiments import grade, sweep, train
from tui.flags import DEFAULT_SCENARIO, ExchangeFlags, encrypted, of_accounts, takes_flags
from tui.hosting.command import ssh, web
from tui.laboratory import init, simulate
from tui.options import (
    AllowHost,
    AllowOrigin,
    DataDir,
    DurabilityLevel,
    EnginePort,
    HlAccounts,
    HlCap,
    HlChain,
    HlFaults,
    HlKeyFile,
    HlNetwork,
    HlPort,
    HlStrict,
    Host,
    Port,
    ScenarioName,
    Seed,
    Supervised,
    TlsCert,
    TlsKey,
)
from tui.records import export, report, verify
from tui.replay.run import replay
from tui.settings import DEFAULT_ENGINE_PORT, DEFAULT_HOST, DEFAULT_PORT, config_path, load_config
from tui.shell import do, watch
from tui.tiers import (
    EXIT_FAILURE,
    EXIT_USER_ERROR,
    TierName,
    TierSettings,
    known_personalities,
    read_scenario,
    run_command,
    run_tier,
)
from tui.unlocking import DEFAULT_CAP, RealOrders

app = typer.Typer(
    name="tradesim-tui",
    help=(
        "A stock exchange that fits in a terminal.\n\n"
        "Without a command: starts the engine, its gateway and a population of trading agents in the background, and"
        " opens the console on them. Everything is local; the first run needs no answers."
    ),
    epilog=f"A flag can also be set in the environment (--data-dir as TRADESIM_DATA_DIR) or in {config_path()}.",
    no_args_is_help=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
@takes_flags
def everything(
    context: typer.Context,
    flags: ExchangeFlags,
    hl_network: HlNetwork = None,
    hl_key_file: HlKeyFile = None,
    hl_cap: HlCap = DEFAULT_CAP,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Start everything and open the console; ``q`` ends it all."""
    if show_version:
        typer.echo(f"tradesim-tui {version('tradesim-tui')}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    from tui.exchange import run_console

    real = None
    if hl_network is not None:
        flags = flags.for_real_orders(hl_network)
        real = RealOrders(network=hl_network, cap=hl_cap, key_file=hl_key_file)
    settings = flags.settings()
    unlocked = None if real is None else (real, real.unlock())
    _run(run_console(settings, agents=not flags.no_agents, real=unlocked), screen=True)


@app.command()
@takes_flags
def serve(flags: ExchangeFlags, supervised: Supervised = False) -> None:
    """Run the whole exchange without a screen; prints `ready http://… ws://…` and its Hyperliquid address.

    Attach a console with `tradesim-tui connect ws://HOST:PORT/ws`; Ctrl-C or SIGTERM ends it in order.
    """
    from tui.exchange import run_headless

    settings = msgspec.structs.replace(flags.settings(), supervised=supervised)
    _run(run_headless(settings, agents=not flags.no_agents))


@app.command()
def engine(
    data_dir: DataDir,
    host: Host = DEFAULT_HOST,
    engine_port: EnginePort = DEFAULT_ENGINE_PORT,
    trust_network: Annotated[
        bool,
        typer.Option(
            "--trust-network",
            help="Allow a --host beyond loopback: whoever reaches the port acts for every account, no token asked.",
        ),
    ] = False,
    scenario: ScenarioName = DEFAULT_SCENARIO,
    durability: DurabilityLevel = Durability.PROCESS,
    supervised: Supervised = False,
) -> None:
    """Run the matching engine alone, on its TCP port.

    The scenario lists its instruments when the journal is new; an existing journal is continued.
    """
    settings = TierSettings(
        data_dir=str(data_dir), engine_host=host, engine_port=engine_port, trust_network=trust_network,
        scenario=scenario, durability=durability, supervised=supervised,
    )  # fmt: skip
    _run(run_tier(TierName.ENGINE, settings))


@app.command()
def gateway(
    data_dir: DataDir,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    engine_host: Annotated[str, typer.Option("--engine-host", help="Where the engine listens.")] = DEFAULT_HOST,
    engine_port: EnginePort = DEFAULT_ENGINE_PORT,
    scenario: ScenarioName = DEFAULT_SCENARIO,
    allow_origin: AllowOrigin = None,
    allow_host: AllowHost = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    hl_account: HlAccounts = None,
    hl_port: HlPort = None,
    hl_strict: HlStrict = False,
    hl_faults: HlFaults = False,
    hl_chain: HlChain = "any",
    supervised: Supervised = False,
) -> None:
    """Run the gateway alone: WebSocket, REST, metrics and docs on one port, in front of a running engine.

    From the scenario it takes the limits of accounts and who is funded at the Hyperliquid venue.
    """
    settings = TierSettings(
        data_dir=str(data_dir), host=host, port=port, engine_host=engine_host, engine_port=engine_port,
        allowed_origins=tuple(allow_origin or ()), allowed_hosts=tuple(allow_host or ()),
        **encrypted(tls_cert, tls_key), personalities=known_personalities(),
        supervised=supervised, **of_accounts(read_scenario(scenario, agents=False), hl_account or ()),
        hl_port=hl_port, hl_strict=hl_strict, hl_faults=hl_faults, hl_chain=hl_chain,
    )  # fmt: skip
    _run(run_tier(TierName.GATEWAY, settings))


@app.command()
def agents(
    data_dir: DataDir,
    url: Annotated[str, typer.Option("--url", help="WebSocket address of the gateway.")] = (
        f"ws://{DEFAULT_HOST}:{DEFAULT_PORT}/ws"
    ),
    scenario: ScenarioName = DEFAULT_SCENARIO,
    seed: Seed = None,
    supervised: Supervised = False,
) -> None:
    """Run the scenario's population of trading agents alone, against a running gateway."""
    read_scenario(scenario)
    settings = TierSettings(
        data_dir=str(data_dir), gateway_url=url, scenario=scenario, seed=seed, supervised=supervised
    )
    _run(run_tier(TierName.AGENTS, settings))


@app.command()
def connect(
    url: Annotated[str, typer.Argument(help="WebSocket address of a gateway, e.g. ws://127.0.0.1:8000/ws")],
    data_dir: DataDir,
    name: Annotated[
        str | None, typer.Option("--name", help="Account to trade with; by default the settings' own.")
    ] = None,
    spectator: Annotated[bool, typer.Option("--spectator", help="Watch only: the console holds no account.")] = False,
) -> None:
    """Open the console on an exchange that runs elsewhere."""
    from tui.exchange import run_connected

    _run(run_connected(url, data_dir, name=name, spectator=spectator), screen=True)


for command in (ssh, web, do, watch, simulate, sweep, grade, train, replay, verify, export, report, init, doctor):
    app.command()(command)
app.command(context_settings=PASS_ON)(bench)


def main() -> NoReturn:
    """Run the command line; what a user got wrong is one line on standard error and exit status 2."""
    try:
        app(prog_name="tradesim-tui", default_map=load_config())
    except TradesimError as error:
        sys.stderr.write(f"tradesim-tui: {error}\n")
        sys.exit(EXIT_USER_ERROR if isinstance(error, StartupError) else EXIT_FAILURE)
    sys.exit(0)


def _run(command: Coroutine[object, object, None], *, screen: bool = False) -> None:
    """Run a command to its end and exit with its status."""
    raise typer.Exit(run_command(command, screen=screen))


if __name__ == "__main__":
    main()

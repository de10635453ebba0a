"""Flags that several commands of the command line share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from net.engine_protocol import Durability
from net.trust import CERTIFICATE_VARIABLE
from tui.settings import default_data_dir

Host = Annotated[
    str,
    typer.Option(
        "--host",
        envvar="TRADESIM_HOST",
        show_envvar=False,
        help="Address to listen on. Anything but loopback is your choice.",
    ),
]
Port = Annotated[
    int,
    typer.Option(
        "--port",
        envvar="TRADESIM_PORT",
        show_envvar=False,
        min=0,
        max=65_535,
        help="Port of WebSocket, REST and docs; 0 takes any.",
    ),
]
EnginePort = Annotated[
    int,
    typer.Option(
        "--engine-port",
        envvar="TRADESIM_ENGINE_PORT",
        show_envvar=False,
        min=0,
        max=65_535,
        help="TCP port of the engine; 0 takes any.",
    ),
]
DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="TRADESIM_DATA_DIR",
        show_envvar=False,
        default_factory=default_data_dir,
        help="Where journal, tokens and logs are kept.",
        show_default="the platform's data folder",
    ),
]
ScenarioName = Annotated[
    str,
    typer.Option(
        "--scenario", envvar="TRADESIM_SCENARIO", show_envvar=False, help="A built-in scenario's name, or a TOML file."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        envvar="TRADESIM_SEED",
        show_envvar=False,
        help="Seed of the agents; the scenario's own when left out.",
    ),
]
NoAgents = Annotated[
    bool, typer.Option("--no-agents", help="Start without agents: an empty exchange for your own bots.")
]
DurabilityLevel = Annotated[
    Durability,
    typer.Option(
        "--durability",
        envvar="TRADESIM_DURABILITY",
        show_envvar=False,
        help="What an acknowledged order survives: process is a kill -9, power a power cut; none keeps nothing.",
    ),
]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True, help="Stop when standard input ends.")]
TlsCert = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert",
        envvar=CERTIFICATE_VARIABLE,
        show_envvar=False,
        help=f"Certificate chain (PEM): serve https and wss. Clients trust it by {CERTIFICATE_VARIABLE}.",
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option("--tls-key", envvar="TRADESIM_TLS_KEY", show_envvar=False, help="The certificate's key (PEM)."),
]
AllowOrigin = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        metavar="https://HOST",
        help="Origin of web pages that may connect, besides the gateway's own; may be repeated.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        help="A name that browsers may reach this gateway by; may be repeated. Addresses and localhost always may.",
    ),
]
HlAccounts = Annotated[
    list[str] | None,
    typer.Option(
        "--hl-account",
        envvar="TRADESIM_HL_ACCOUNT",
        show_envvar=False,
        help="Account of the Hyperliquid venue, 0xADDRESS=USDC; may be repeated.",
    ),
]
HlPort = Annotated[
    int | None,
    typer.Option(
        "--hl-port",
        envvar="TRADESIM_HL_PORT",
        show_envvar=False,
        min=0,
        max=65_535,
        help="A port of its own for the Hyperliquid venue, without the /hl that it has on the gateway's.",
    ),
]
LiveVenue = Annotated[
    str | None,
    typer.Option("--venue", help="hyperliquid: show its live books beside our own, to trade on paper."),
]
Coins = Annotated[
    str, typer.Option("--coins", help="Which live markets, as in BTC,HYPE/USDC; with --venue.", show_default=False)
]
LiveUrl = Annotated[
    str,
    typer.Option("--venue-url", help="Where the live books come from: testnet, or the base URL of a simulator."),
]
HlNetwork = Annotated[
    str | None,
    typer.Option(
        "--hl-network",
        metavar="mainnet|testnet|URL",
        help="Send the console's orders in live instruments to this network FOR REAL, or to a simulator's base URL."
        " Asks for a typed confirmation; the key comes from HYPERLIQUID_SECRET_KEY or --hl-key-file.",
    ),
]
HlKeyFile = Annotated[
    Path | None,
    typer.Option("--hl-key-file", help="File of mode 0600 that holds the private key; with --hl-network."),
]
HlCap = Annotated[
    int, typer.Option("--hl-cap", min=1, help="Largest value of one real order, in dollars; with --hl-network.")
]
HlStrict = Annotated[
    bool, typer.Option("--hl-strict", help="Give the Hyperliquid venue the live one's cadences, limits and manners.")
]
HlChain = Annotated[
    Literal["any", "mainnet", "testnet"],
    typer.Option(
        "--hl-chain", help="Whose signatures the Hyperliquid venue takes; the live networks take their own only."
    ),
]
HlFaults = Annotated[
    bool, typer.Option("--hl-faults", help="Let POST /hl/faults break the Hyperliquid venue on purpose.")
]

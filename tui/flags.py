"""The flags of every command that starts a whole exchange, and what they mean for its tiers."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, get_type_hints

from engine.commands import AccountLimits
from engine.journal_errors import JournalError
from engine.journal_lock import require_free
from net.engine_protocol import Durability
from net.errors import StartupError
from net.process import prepare_data_dir
from net.trust import CERTIFICATE_VARIABLE
from tui.options import (
    AllowHost,
    AllowOrigin,
    Coins,
    DataDir,
    DurabilityLevel,
    EnginePort,
    HlAccounts,
    HlChain,
    HlFaults,
    HlPort,
    HlStrict,
    Host,
    LiveUrl,
    LiveVenue,
    NoAgents,
    Port,
    ScenarioName,
    Seed,
    TlsCert,
    TlsKey,
)
from tui.settings import DEFAULT_ENGINE_PORT, DEFAULT_HOST, DEFAULT_PORT, usable_port
from tui.tiers import TierSettings, known_personalities, read_scenario

if TYPE_CHECKING:
    from agents.scenario import Scenario

DEFAULT_SCENARIO = "default"
DEFAULT_COINS = ("BTC", "HYPE/USDC", "PURR/USDC")


@dataclass(frozen=True, kw_only=True)
class ExchangeFlags:
    """What can be asked of an exchange on the command line; a command takes them all by ``takes_flags``."""

    data_dir: DataDir
    host: Host = DEFAULT_HOST
    port: Port = DEFAULT_PORT
    engine_port: EnginePort = DEFAULT_ENGINE_PORT
    scenario: ScenarioName = DEFAULT_SCENARIO
    seed: Seed = None
    no_agents: NoAgents = False
    durability: DurabilityLevel = Durability.PROCESS
    venue: LiveVenue = None
    coins: Coins = ""
    venue_url: LiveUrl = ""
    tls_cert: TlsCert = None
    tls_key: TlsKey = None
    allow_origin: AllowOrigin = None
    allow_host: AllowHost = None
    hl_account: HlAccounts = None
    hl_port: HlPort = None
    hl_strict: HlStrict = False
    hl_faults: HlFaults = False
    hl_chain: HlChain = "any"

    def for_real_orders(self, network: str) -> ExchangeFlags:
        """The same with the live books of the network that real orders go to; raises ``StartupError`` for others."""
        if self.venue_url not in ("", network):
            raise StartupError(f"--venue-url {self.venue_url} shows other books than those of --hl-network {network}")
        return replace(self, venue="hyperliquid", venue_url=network)

    def settings(self) -> TierSettings:
        """Settings of the tiers, checked before anything starts, with a port settled for each 0.

        Raises ``StartupError`` for what cannot be had: a scenario, a folder, a port, an account, a venue.
        """
        accounts = of_accounts(read_scenario(self.scenario), self.hl_account or ())
        data_dir = prepare_data_dir(Path(self.data_dir)).resolve()
        try:  # before a tier writes there: agents and supervisor keep files beside the journal
            require_free(data_dir, self.durability)
        except JournalError as error:
            raise StartupError(str(error)) from error
        return TierSettings(
            data_dir=str(data_dir),
            host=self.host,
            port=usable_port(self.host, self.port, "--port"),
            engine_port=usable_port(DEFAULT_HOST, self.engine_port, "--engine-port"),
            **accounts,
            scenario=self.scenario,
            seed=self.seed,
            durability=self.durability,
            **encrypted(self.tls_cert, self.tls_key),
            allowed_origins=tuple(self.allow_origin or ()),
            allowed_hosts=tuple(self.allow_host or ()),
            personalities=known_personalities(),
            coins=live_coins(self.venue, self.coins),
            hl_url=self.venue_url,
            hl_port=None if self.hl_port is None else usable_port(self.host, self.hl_port, "--hl-port"),
            hl_strict=self.hl_strict,
            hl_faults=self.hl_faults,
            hl_chain=self.hl_chain,
        )


def takes_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Spread every parameter of a command that is a dataclass over the command line: a flag for each of its fields.

    Typer makes flags from the parameters that a function declares, so it is shown the fields in the dataclass's place.
    """
    types = get_type_hints(command, include_extras=True)
    own: dict[str, Parameter] = {}
    spread: dict[str, Parameter] = {}
    groups: dict[str, tuple[Callable[..., Any], list[str]]] = {}
    for name, parameter in signature(command).parameters.items():
        declares = types[name]
        if not (isinstance(declares, type) and is_dataclass(declares)):
            own[name] = parameter.replace(annotation=declares)
            continue
        fields = signature(declares).parameters
        annotations = get_type_hints(declares, include_extras=True)
        spread |= {field: fields[field].replace(annotation=annotations[field]) for field in fields}
        groups[name] = (declares, list(fields))

    @wraps(command)
    def taken(**given: Any) -> None:
        made = {
            name: group(**{field: given.pop(field) for field in fields}) for name, (group, fields) in groups.items()
        }
        command(**made, **given)

    shown = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in (own | spread).values()]
    taken.__signature__ = Signature(shown)  # type: ignore[attr-defined]
    taken.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return taken


def live_coins(venue: str | None, coins: str) -> tuple[str, ...]:
    """The live markets that ``--venue`` and ``--coins`` name; raises ``StartupError`` when they do not go together."""
    names = tuple(name.strip() for name in coins.split(",") if name.strip())
    if venue is None and not names:
        return ()
    if venue != "hyperliquid":
        raise StartupError(f"no venue {venue!r}: there is --venue hyperliquid")
    return names or DEFAULT_COINS


class Encryption(TypedDict):
    """The settings of the tiers that say how the gateway encrypts."""

    tls_cert: str | None
    tls_key: str | None


def encrypted(certificate: Path | None, key: Path | None) -> Encryption:
    """What ``--tls-cert`` and ``--tls-key`` ask for; the processes of this command trust the certificate from now on.

    Raises:
        StartupError: they cannot be used.
    """
    if certificate is None:
        if key is not None:
            raise StartupError("--tls-key needs --tls-cert")
        return {"tls_cert": None, "tls_key": None}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # ssl's errors are among them
        raise StartupError(f"the TLS certificate or key cannot be used: {error.strerror or error}") from error
    os.environ[CERTIFICATE_VARIABLE] = str(certificate.resolve())
    return {"tls_cert": str(certificate.resolve()), "tls_key": None if key is None else str(key.resolve())}


class AccountRules(TypedDict):
    """The settings of the gateway that say who has an account from the start, and what others may do with theirs."""

    account_limits: AccountLimits
    hl_accounts: tuple[str, ...]


def of_accounts(scenario: Scenario, hl_accounts: Sequence[str]) -> AccountRules:
    """What a scenario says of accounts, and ``--hl-account`` besides.

    Raises:
        StartupError: one is not ADDRESS=USDC.
    """
    accounts = (*(account.funding for account in scenario.hyperliquid_accounts), *hl_accounts)
    if accounts:
        from net.hyperliquid.venue.funding import read_funding

        for account in accounts:
            read_funding(account)
    return {"account_limits": scenario.account_limits, "hl_accounts": accounts}

"""Scenarios: which instruments, which agents, which news, in one TOML file.

A scenario is written in the market's units (prices and sizes are decimals) and read into the engine's integers.
``load_scenario`` takes the name of a built-in or a path; whatever is wrong with the file is one ``ScenarioError`` that
says where, and, for a misspelt key, which one was probably meant.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from agents.simulated.latency import LatencyModel
from agents.spelling import check_keys, nearest
from engine.commands import LEVERAGE_MAX, ORDERS_PER_SECOND_MAX, AccountLimits
from engine.instruments import FeeSchedule, Instrument
from engine.types import CASH_SCALE, DECIMAL_SCALE

DEFAULT_SCENARIO: Final = "default"
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")

Positive: TypeAlias = Annotated[float, Meta(gt=0, le=1e12)]
NotNegative: TypeAlias = Annotated[float, Meta(ge=0, le=1e12)]
Fraction: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=100_000)]
Lots: TypeAlias = Annotated[int, Meta(ge=1, le=10**12)]
AuctionSeconds: TypeAlias = Annotated[int, Meta(ge=0, le=21_600)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Ticker: TypeAlias = Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^[A-Za-z0-9./@\-]+$")]
ParameterValue: TypeAlias = bool | int | float | str
Parameters: TypeAlias = dict[str, ParameterValue]


class ScenarioError(ValueError):
    """A scenario that cannot be used; its text is one line for the person who wrote it."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the tables of a scenario file."""


class MarketSection(Section, frozen=True, kw_only=True):
    """``[market]``: the session as a whole."""

    hours: Positive = 6.5
    """Length of a simulated session."""
    intraday_pattern: bool = True
    """Whether activity follows the U-shape of a trading day; a live market runs without it."""
    live_speed: Positive = 3.0
    """How much busier than in a simulation the live market is: values, news and agents all go this much faster."""
    warm_up_minutes: NotNegative = 10.0
    """Start of a simulated session that its statistics leave out."""
    opening_auction_s: AuctionSeconds = 0
    """Call auction before the first trades, and live at the beginning of each day (midnight UTC)."""
    closing_auction_s: AuctionSeconds = 0
    """Call auction at the end of a simulated session, and live of each day."""


class InstrumentSection(Section, frozen=True, kw_only=True):
    """One of ``[[instruments]]``; prices and sizes are decimals in the instrument's currency and units."""

    ticker: Ticker
    price: Positive
    description: str = ""
    industry: str = ""
    tick_size: Positive = 0.01
    lot_size: Positive = 1.0
    volatility: Positive = 1.0
    """Factor on ``[fundamental] volatility_ticks``."""
    activity: Positive = 1.0
    """Factor on how often agents look at this instrument."""
    size: Positive = 1.0
    """Factor on the sizes agents trade here, in lots."""
    market_beta: float = 1.0
    """Loading of its fundamental value on the common factor, relative to ``[fundamental] correlation``."""
    maker_fee_ppm: int = 0
    taker_fee_ppm: int = 0
    price_band_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] = 100_000
    halt_band_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    halt_seconds: NotNegative = 0.0


class FundamentalSection(Section, frozen=True, kw_only=True):
    """``[fundamental]``: the value behind each instrument, a random walk with jumps."""

    volatility_ticks: NotNegative = 0.84
    """Ticks per square root of a second."""
    log_volatility_sigma: NotNegative = 0.6
    """Standard deviation of the logarithm of the volatility around its mean."""
    log_volatility_relaxation_s: Positive = 3000.0
    jumps_per_hour: NotNegative = 4.3
    """Surprises that only the value knows; published news bring jumps of their own."""
    jump_ticks: NotNegative = 10.3
    reversion_hours: NotNegative = 48.0
    """Time over which the value forgets its distance from the initial price; 0 never forgets."""
    drift_ticks_per_hour: float = 0.0
    correlation: Fraction = 0.35
    """Correlation of the values of two instruments with ``market_beta`` 1."""


class NewsSection(Section, frozen=True, kw_only=True):
    """``[news]``: the newsroom, a marked Hawkes process."""

    enabled: bool = True
    macro_per_hour: NotNegative = 1.0
    sector_per_hour: NotNegative = 1.5
    company_per_hour: NotNegative = 9.0
    branching: Annotated[float, Meta(ge=0, lt=1)] = 0.35
    """Follow-up stories each story brings, on average."""
    decay_s: Positive = 180.0
    rumour_share: Fraction = 0.08
    """Share of company news that are rumours, denied later."""
    jump_ticks: NotNegative = 9.0
    """Scale of the value jump behind a story of sentiment 1."""


class AgentSection(Section, frozen=True, kw_only=True):
    """One of ``[[agents]]``: ``count`` agents of one personality."""

    personality: Name
    count: Count = 1
    name: str = ""
    """Prefix of their names; the personality when empty."""
    instruments: tuple[Ticker, ...] = ()
    """Tickers they trade; all when empty."""
    capital: Positive = 1_000_000.0
    latency_ms: NotNegative | None = None
    """Median of their latency to the exchange in a simulation; the strategy's own when absent."""
    latency: LatencyModel = "lognormal"
    """How it varies: ``lognormal``, ``constant`` or, with a long tail, ``cubic``."""
    params: Parameters = {}


class EventSection(Section, frozen=True, kw_only=True):
    """One of ``[[events]]``: what the scenario makes happen, ``at`` seconds after the start."""

    at: NotNegative
    kind: str
    instrument: str = ""
    """Ticker; every instrument when empty."""
    ticks: float = 0.0
    """Jump of the fundamental value."""
    sentiment: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    headline: str = ""
    personality: str = ""
    """Whom ``pause`` and ``resume`` are about."""
    volatility: Positive = 1.0
    """New factor on the fundamental volatility, for ``volatility``."""


class AccountLimitsSection(Section, frozen=True, kw_only=True):
    """``[account_limits]``: what accounts may do that people and bots open; the scenario's own agents are not bound."""

    short_selling: bool = True
    leverage: Annotated[int, Meta(ge=1, le=LEVERAGE_MAX)] = 1
    """How many times its equity an account may have at stake."""
    max_position: Lots | None = None
    """Lots of one instrument, long or short, that it may have once its working orders have traded."""
    max_order_qty: Lots | None = None
    max_order_notional: Annotated[float, Meta(gt=0, le=1e10)] | None = None
    """What one order may be worth, in currency units."""
    max_working_orders: Annotated[int, Meta(ge=1, le=1_000_000)] = 1_000
    max_orders_per_second: Annotated[int, Meta(ge=1, le=ORDERS_PER_SECOND_MAX)] | None = None

    def limits(self) -> AccountLimits:
        """The same in the engine's integers."""
        notional = self.max_order_notional
        if notional is None:
            minor = None
        else:
            minor = _scaled(notional, "account_limits.max_order_notional") * CASH_SCALE // DECIMAL_SCALE
        return AccountLimits(**{**msgspec.structs.asdict(self), "max_order_notional": minor})


class VenueAccountSection(Section, frozen=True, kw_only=True):
    """One of ``[[hyperliquid_accounts]]``: who has an account at the Hyperliquid venue, and with what."""

    address: str
    """``0x`` and 40 hexadecimal digits."""
    usdc: NotNegative
    """In the wallet of the perpetuals."""
    spot: NotNegative | None = None
    """In the spot wallet; as much as ``usdc`` when absent."""
    tokens: dict[Ticker, NotNegative] = {}
    """Tokens of the spot wallet, by the name before ``/USDC``."""

    @property
    def funding(self) -> str:
        """The same in a line, as the venue takes it: ``0xADDRESS=USDC,spot=USDC,TOKEN=AMOUNT``."""
        spot = self.usdc if self.spot is None else self.spot
        named = {"spot": spot, **self.tokens}
        return ",".join([f"{self.address}={self.usdc:.8f}", *(f"{name}={held:.8f}" for name, held in named.items())])


EVENT_KINDS: Final = ("news", "jump", "volatility", "pause", "resume", "halt", "open")


class ScenarioFile(Section, frozen=True, kw_only=True):
    """The whole file."""

    title: str = ""
    description: str = ""
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 1
    market: MarketSection = MarketSection()
    instruments: tuple[InstrumentSection, ...] = ()
    live_instruments: tuple[Ticker, ...] = ()
    """Live markets of ``--venue`` that agents may trade on paper: those whose ``instruments`` name them."""
    fundamental: FundamentalSection = FundamentalSection()
    news: NewsSection = NewsSection()
    account_limits: AccountLimitsSection = AccountLimitsSection()
    agents: tuple[AgentSection, ...] = ()
    events: tuple[EventSection, ...] = ()
    hyperliquid_accounts: tuple[VenueAccountSection, ...] = ()


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that was checked, with its instruments in the engine's integers."""

    name: str
    title: str
    description: str
    seed: int
    market: MarketSection
    instruments: tuple[Instrument, ...]
    """Numbered from 1 in the order of the file."""
    traits: tuple[InstrumentSection, ...]
    """What the file says of each of ``instruments``, in the same order."""
    live_instruments: tuple[str, ...]
    fundamental: FundamentalSection
    news: NewsSection
    account_limits: AccountLimits
    """Of accounts that people and bots open."""
    agents: tuple[AgentSection, ...]
    events: tuple[EventSection, ...]
    hyperliquid_accounts: tuple[VenueAccountSection, ...]

    def instrument(self, ticker: str) -> Instrument:
        """The instrument with this ticker; ``KeyError`` when there is none."""
        for instrument in self.instruments:
            if instrument.ticker == ticker:
                return instrument
        raise KeyError(ticker)


def builtin_scenarios() -> list[str]:
    """Names of the scenarios that come with the program."""
    folder = resources.files("agents") / "scenarios"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def scenario_text(name_or_path: str) -> str:
    """The TOML text of a built-in or of a file; ``ScenarioError`` when it cannot be read."""
    if name_or_path in builtin_scenarios():
        return (resources.files("agents") / "scenarios" / f"{name_or_path}.toml").read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.exists() and path.suffix != ".toml" and len(path.parts) == 1:
        hint = nearest(name_or_path, builtin_scenarios())
        raise ScenarioError(f"no scenario {name_or_path!r}{hint}; built-in are {', '.join(builtin_scenarios())}")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ScenarioError(f"cannot read scenario {name_or_path}: {reason}") from error


def load_scenario(name_or_path: str = DEFAULT_SCENARIO) -> Scenario:
    """Load and check a built-in scenario or a TOML file; ``ScenarioError`` says in one line what is wrong with it."""
    return parse_scenario(scenario_text(name_or_path), name_or_path)


def parse_scenario(text: str, name: str) -> Scenario:
    """Read and check the TOML ``text`` of the scenario called ``name``."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {name}: not valid TOML: {error}") from error
    try:
        check_keys(data, ScenarioFile)
        file = msgspec.convert(data, ScenarioFile)
        return _build(file, name)
    except (msgspec.ValidationError, ValueError) as error:
        raise ScenarioError(f"scenario {name}: {_reworded(str(error))}") from error


def _reworded(message: str) -> str:
    """Say msgspec's path ``$.agents[0].count`` as people do: ``agents[0].count``."""
    text, _, path = message.partition(" - at `$")
    return f"{path.rstrip('`').lstrip('.')}: {text}" if path else message


def _build(file: ScenarioFile, name: str) -> Scenario:
    if not file.instruments:
        raise ScenarioError("at least one [[instruments]] is needed")
    market = file.market
    if market.opening_auction_s + market.closing_auction_s >= market.hours * 3600:
        raise ScenarioError("market.opening_auction_s and closing_auction_s leave nothing of its hours")
    tickers = [section.ticker for section in file.instruments]
    for index, ticker in enumerate(tickers):
        if ticker in tickers[:index]:
            raise ScenarioError(f"instruments[{index}]: ticker {ticker!r} is there twice")
    for ticker in file.live_instruments:
        if ticker in tickers:
            raise ScenarioError(f"live_instruments: {ticker!r} is simulated here; its live market is {ticker}.HL")
    for index, agent in enumerate(file.agents):
        for ticker in agent.instruments:
            _known(ticker, [*tickers, *file.live_instruments], f"agents[{index}].instruments: no instrument")
    for index, event in enumerate(file.events):
        _known(event.kind, list(EVENT_KINDS), f"events[{index}].kind: unknown")
        if event.instrument:
            _known(event.instrument, tickers, f"events[{index}].instrument: no instrument")
    tokens = [ticker.removesuffix("/USDC") for ticker in tickers if ticker.endswith("/USDC")]
    for index, account in enumerate(file.hyperliquid_accounts):
        if not _ADDRESS.fullmatch(account.address):
            raise ScenarioError(
                f"hyperliquid_accounts[{index}].address: {account.address!r} is not 0x and 40 hexadecimal digits"
            )
        for token in account.tokens:
            _known(token, tokens, f"hyperliquid_accounts[{index}].tokens: no pair with USDC trades")
    return Scenario(
        name=Path(name).stem,
        title=file.title or Path(name).stem,
        description=file.description,
        seed=file.seed,
        market=file.market,
        instruments=tuple(_instrument(index, section) for index, section in enumerate(file.instruments)),
        traits=file.instruments,
        live_instruments=file.live_instruments,
        fundamental=file.fundamental,
        news=file.news,
        account_limits=file.account_limits.limits(),
        agents=file.agents,
        events=tuple(sorted(file.events, key=lambda event: event.at)),
        hyperliquid_accounts=file.hyperliquid_accounts,
    )


def _known(word: str, words: list[str], complaint: str) -> None:
    if word not in words:
        raise ScenarioError(f"{complaint} {word!r}{nearest(word, words)}")


def _instrument(index: int, section: InstrumentSection) -> Instrument:
    where = f"instruments[{index}] ({section.ticker})"
    tick = _scaled(section.tick_size, f"{where}.tick_size")
    lot = _scaled(section.lot_size, f"{where}.lot_size")
    price = _scaled(section.price, f"{where}.price")
    if price % tick:
        raise ScenarioError(f"{where}.price: {section.price} is not a multiple of tick_size {section.tick_size}")
    if tick * lot * CASH_SCALE % (DECIMAL_SCALE * DECIMAL_SCALE):
        raise ScenarioError(f"{where}: tick_size times lot_size must be a multiple of {1 / CASH_SCALE:.8f}")
    return Instrument(
        symbol_id=index + 1,
        ticker=section.ticker,
        description=section.description,
        industry=section.industry,
        initial_price=price // tick,
        tick_size_e8=tick,
        lot_size_e8=lot,
        fees=FeeSchedule(maker_ppm=section.maker_fee_ppm, taker_ppm=section.taker_fee_ppm),
        price_band_ppm=section.price_band_ppm,
        halt_band_ppm=section.halt_band_ppm,
        halt_duration_ns=round(section.halt_seconds * 1e9),
    )


def _scaled(value: float, where: str) -> int:
    """A decimal as written, in units of 1 / ``DECIMAL_SCALE``."""
    scaled = Decimal(repr(value)) * DECIMAL_SCALE
    if scaled != scaled.to_integral_value():
        raise ScenarioError(f"{where}: {value} has more than eight decimals")
    return int(scaled)

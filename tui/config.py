"""Settings of the console: one TOML file, everything in it optional."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from net.errors import StartupError
from tui import keys
from tui.feed import Admin
from tui.theme import THEMES
from tui.view import INTERVALS

HOSTED_HZ = 10.0
"""Most frames a second of a console that runs on somebody else's machine."""

Positive = Annotated[float, Meta(gt=0)]


class ConfigError(StartupError):
    """The settings cannot be used; the text says which and why, in one line."""


class ConsoleSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The ``[console]`` part of the file."""

    name: Annotated[str, Meta(min_length=1, max_length=64)] = "you"
    """Name of the account that the console opens."""
    theme: str = "dark"
    ascii: bool = False
    rate_hz: Annotated[float, Meta(ge=1, le=30)] = 10.0
    """Frames a second; 4 is enough over a slow line."""
    timeframe: str = "5s"
    sizes: Annotated[tuple[Positive, ...], Meta(min_length=1, max_length=5)] = (1.0, 5.0, 10.0, 25.0, 100.0)
    size: Positive = 10.0
    sweep: bool = False
    """Whether marketable orders go without asking."""
    band: Annotated[float, Meta(gt=0, le=0.5)] = 0.02
    """How far from the best price a market order may go, as a fraction."""
    bell: bool = False
    starting_capital: Annotated[float, Meta(gt=0, le=1e10)] | None = None
    tour: bool = True
    """Whether the first run in a data directory begins with the tour."""


class ConsoleFile(msgspec.Struct, kw_only=True):
    """The console's part of the file: ``[console]`` and ``[keys]`` (binding id = key, several with commas)."""

    console: ConsoleSettings = msgspec.field(default_factory=ConsoleSettings)
    keys: dict[str, str] = {}


class RealTrading(Protocol):
    """A session whose orders leave for a venue."""

    on_note: Callable[[str], None]
    """Called with what the trader should read."""

    @property
    def banner(self) -> str:
        """What stands in red on every screen."""

    @property
    def live(self) -> bool:
        """Whether own orders at the venue are known."""


class ConsoleConfig(msgspec.Struct, kw_only=True):
    """What a console is started with."""

    settings: ConsoleSettings = msgspec.field(default_factory=ConsoleSettings)
    keymap: dict[str, str] = {}
    tour: bool = False
    """Begin with the tour."""
    spectator: bool = False
    """A spectator has no account and no order path."""
    hosted: bool = False
    """Somebody else's machine: the console neither writes nor reads files there, and draws at most at HOSTED_HZ."""
    agent_id: str | None = None
    token: str | None = None
    """Account to take back instead of opening one."""
    admin: Callable[[], Admin | None] | None = None
    """Gives the exchange's controls once the admin token can be read; asked when they are first needed."""
    real: RealTrading | None = None
    """Where this console's orders go instead of the exchange here."""
    prefers: str | None = None
    """Source of the instruments of which the first is opened; None takes any."""
    on_account: Callable[[str, str], None] | None = None
    """Called with id and secret token of an account that was opened, so that it can be kept."""


def load(path: Path) -> ConsoleFile:
    """Read a settings file; a missing one is an empty one.

    Raises:
        ConfigError: not TOML, or a setting that is unknown or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ConsoleFile()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    try:
        tables = tomllib.loads(text)
        # The other tables are flags of commands, which the command line reads.
        file = msgspec.convert({name: tables[name] for name in ("console", "keys") if name in tables}, ConsoleFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if file.console.timeframe not in INTERVALS:
        raise ConfigError(f"{path}: unknown timeframe {file.console.timeframe!r}: one of {', '.join(INTERVALS)}")
    if file.console.theme not in THEMES:
        raise ConfigError(f"{path}: unknown theme {file.console.theme!r}: one of {', '.join(THEMES)}")
    problems = key_problems(file.keys)
    if problems:
        raise ConfigError(f"{path}: {problems[0]}")
    return file


def key_problems(keymap: dict[str, str]) -> list[str]:
    """What is wrong with a key map: unknown ids, and keys that two bindings of one place would share."""
    known = {key.id for key in keys.ALL + keys.REPLAY}
    problems = [f"unknown key binding {name!r}" for name in keymap if name not in known]
    places = {
        "ladder": keys.LADDER,
        "lists": keys.LIST,
        "orders": keys.LIST + keys.WORKING,
        "agents": keys.LIST + keys.AGENTS,
        "admin": keys.LIST + keys.ADMIN,
    }
    for place, table in places.items():
        taken: dict[str, str] = {}
        for binding in table + keys.REPLAY + keys.APP:
            for name in keymap.get(binding.id, binding.keys).split(","):
                holder = taken.setdefault(name.strip(), binding.id)
                if holder != binding.id:
                    problems.append(f"key {name.strip()!r} is both {holder} and {binding.id} (in {place})")
    return problems

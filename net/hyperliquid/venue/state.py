"""What only the venue knows: who may sign for whom, chosen leverage, waiting triggers, the order of the listing.

Kept in one small file of the data directory, written whole and put in place by a rename before an answer leaves, so
that it survives a killed gateway. Books, orders, cash and fills are the engine's and not here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from net.hyperliquid.venue.listing import Place
from net.hyperliquid.venue.orders import TriggerTerms

STATE_FILE: Final = "hyperliquid.json"
AGENTS_MAX: Final = 16
"""Keys that one account may let trade for it."""
BUILDERS_MAX: Final = 10
"""Builders that one account may approve."""
SUB_ACCOUNTS_MAX: Final = 50
"""Accounts that one account may act for."""


class Agent(msgspec.Struct, frozen=True):
    """A key that trades for ``master``. ``valid_until`` is milliseconds, None for ever."""

    master: str
    name: str = ""
    valid_until: int | None = None


class Leverage(msgspec.Struct, frozen=True):
    """Leverage and margin mode of one asset; ``margin`` is what an isolated position was given on top, in e8."""

    value: int
    cross: bool = True
    margin: int = 0


class SubAccount(msgspec.Struct, frozen=True):
    """An account that another one acts for."""

    master: str
    name: str


class KeptTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger order that waits, or one that fired and works in the engine."""

    oid: int
    account: str
    symbol_id: int
    buy: bool
    limit: int
    size: int
    created: int
    reduce_only: bool
    terms: TriggerTerms
    cloid: str | None = None
    parent: int | None = None
    bracket: int | None = None


class State(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything in the file."""

    places: list[Place] = []
    agents: dict[str, Agent] = {}
    leverage: dict[str, dict[str, Leverage]] = {}
    builders: dict[str, dict[str, str]] = {}
    """Highest fee rate each account allows each builder, as it was signed."""
    sub_accounts: dict[str, SubAccount] = {}
    triggers: dict[str, list[KeptTrigger]] = {}
    schedules: dict[str, int] = {}
    """When (ms) all orders of an account shall be canceled."""


class Store:
    """The state and its file; without a path it is kept in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._dirty = False
        self.state = State()
        if path is not None:
            with contextlib.suppress(FileNotFoundError):
                self.state = msgspec.json.decode(path.read_bytes(), type=State)

    def save(self) -> None:
        """Have the present state written at the end of this turn of the loop: once for a whole batch of orders."""
        if not self._dirty and self._path is not None:
            self._dirty = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Put the present state in place of the file, if it changed; an answer leaves only after that."""
        if not self._dirty or self._path is None:
            return
        self._dirty = False
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self.state))
        new.replace(self._path)

    def leverage(self, address: str, coin: str, default: int) -> Leverage:
        """What an account chose for an asset."""
        return self.state.leverage.get(address, {}).get(coin) or Leverage(default)

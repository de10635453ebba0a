"""Who may come in: limits on visits, all together, a person and an address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of this machine visitors may take."""

    traders: int = 20
    """Consoles that trade at the same time: a process each."""
    spectators: int = 100
    """Terminals that watch at the same time: they share one console."""
    per_key: int = 2
    """Consoles of one key or browser at the same time: the second serves who comes back before the first is missed."""
    per_address: int = 50
    accounts: int = 1_000
    """Traders that are remembered; no new ones past that."""
    idle_s: float = 30 * 60.0
    """A trader who presses no key for so long is sent away; the account stays."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who came in by a door."""

    door: str
    who: str
    """What they are known by: the fingerprint of a key, of a browser's secret; "" when by nothing."""
    name: str
    address: str
    trades: bool
    """Else they watch."""


class Refused(Exception):
    """A visitor is not let in; the text says why, to them."""


class Admission:
    """Counts who is in."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of_kind: Counter[bool] = Counter()
        self._of_who: Counter[str] = Counter()
        self._of_address: Counter[str] = Counter()

    def enter(self, visitor: Visitor) -> None:
        """Count a visitor in; raises ``Refused`` when there is no place."""
        limits = self._limits
        most = limits.traders if visitor.trades else limits.spectators
        if self._of_kind[visitor.trades] >= most:
            kind = "traders" if visitor.trades else "spectators"
            raise Refused(f"all places for {kind} are taken ({most}); try again later")
        if visitor.trades and self._of_who[visitor.who] >= limits.per_key:
            raise Refused(f"{limits.per_key} consoles of yours are open already; close one first")
        if self._of_address[visitor.address] >= limits.per_address:
            raise Refused(f"{limits.per_address} visitors from your address are here already")
        self._count(visitor, 1)

    def leave(self, visitor: Visitor) -> None:
        """Count a visitor out."""
        self._count(visitor, -1)

    def consoles_of(self, visitor: Visitor) -> int:
        """How many consoles a trader has, those that are only starting included."""
        return self._of_who[visitor.who]

    def _count(self, visitor: Visitor, by: int) -> None:
        self._of_kind[visitor.trades] += by
        counts = [(self._of_address, visitor.address)] + [(self._of_who, visitor.who)] * visitor.trades
        for counter, key in counts:
            counter[key] += by
            if not counter[key]:
                del counter[key]

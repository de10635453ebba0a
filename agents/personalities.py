"""Personalities: a strategy and the parameters that make a character of it.

Every strategy is also a personality under its own name. ``resolve`` is forgiving: an unknown personality that somebody
typed into the console becomes ``neutral``; scenarios use ``find``, which is not.
"""

from __future__ import annotations

from typing import Final

import msgspec

from agents.roster import STRATEGIES, StrategyType
from agents.scenario import ParameterValue
from agents.spelling import nearest
from agents.strategy import Parameters


class Personality(msgspec.Struct, frozen=True):
    """A named character."""

    name: str
    strategy: str
    summary: str
    params: dict[str, ParameterValue] = {}


def _characters(*characters: Personality) -> dict[str, Personality]:
    return {character.name: character for character in characters}


CHARACTERS: Final = _characters(
    Personality("market_maker", "maker", "quotes both sides, learns from flow, leans against its inventory"),
    Personality("neutral", "fundamentalist", "trades the gap between value and price"),
    Personality(
        "conservative",
        "fundamentalist",
        "waits for a wide gap, trades small and mostly passively",
        {"threshold": 5.0, "passive_share": 0.7, "size_mu": 0.7, "rate": 1 / 20},
    ),
    Personality(
        "aggressive",
        "herd",
        "joins whichever of value and trend pays, in size",
        {"size_mu": 1.9, "recruitment": 2.0, "rate": 1 / 12},
    ),
    Personality("momentum", "chartist", "follows trends"),
    Personality("contrarian", "chartist", "bets against trends", {"sign": -1.0, "entry": 1.4}),
    Personality("news_trader", "news", "trades on headlines"),
    Personality(
        "short_seller",
        "news",
        "sells short on bad news and holds on",
        {"short_only": True, "size": 30.0, "half_life_s": 300.0},
    ),
    Personality("whale", "splitter", "works very large orders in pieces", {"parent_min": 60.0, "child_mu": 1.3}),
    Personality("institution", "splitter", "works large orders in pieces"),
    Personality("day_trader", "herd", "changes between value and trend with its neighbours"),
)
"""The characters people know; ``personalities`` adds every strategy under its own name."""
STAND_IN: Final = "neutral"
"""Trades where a personality is unknown, or lacks what it needs."""


def personalities() -> dict[str, Personality]:
    """All names that may stand for a personality."""
    return {name: Personality(name, name, "") for name in STRATEGIES} | CHARACTERS


def find(name: str) -> Personality:
    """The personality of this name; ``ValueError`` names the nearest one otherwise."""
    known = personalities()
    if name not in known:
        raise ValueError(f"unknown personality {name!r}{nearest(name, known)}")
    return known[name]


def resolve(name: str) -> Personality:
    """The personality of this name, in any spelling of case and dashes, or ``neutral``."""
    return personalities().get(_plain(name), CHARACTERS[STAND_IN])


def misnamed(name: str) -> str:
    """What to tell somebody whose personality ``resolve`` does not know; empty when it does."""
    known = personalities()
    if not name.strip() or _plain(name) in known:
        return ""
    return f"unknown personality {name!r}: trades as {STAND_IN}{nearest(_plain(name), known)}"


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def strategy_of(personality: Personality) -> StrategyType:
    """The strategy behind a personality."""
    return STRATEGIES[personality.strategy]


def parameters_of(personality: Personality, overrides: dict[str, ParameterValue] | None = None) -> Parameters:
    """The personality's parameters with ``overrides`` on top; ``ValueError`` says which one is wrong."""
    kind = strategy_of(personality).parameters
    merged = dict(personality.params) | dict(overrides or {})
    for key in merged:
        if key not in kind.__struct_fields__:
            raise ValueError(f"unknown parameter {key!r} of {personality.name}{nearest(key, kind.__struct_fields__)}")
    try:
        return msgspec.convert(merged, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        raise ValueError(f"parameter {path.rstrip('`')!r} of {personality.name}: {text}") from error

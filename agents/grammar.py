"""The words of the newsroom: headlines about made-up companies, from very bad to very good.

Each template belongs to a scope and a strength, -3 to 3; ``{name}`` is the company, ``{sector}`` its industry,
``{n}`` a number.
"""

from __future__ import annotations

import random
from typing import Final

COMPANY: Final[dict[int, tuple[str, ...]]] = {
    3: (
        "{name} soars as breakthrough product wins approval",
        "{name} beats forecasts by {n}%, raises outlook to record",
        "{name} agrees to takeover at a {n}% premium, shares surge",
    ),
    2: (
        "{name} beats profit forecast on strong demand",
        "{name} upgraded: analysts bullish on growth",
        "{name} wins contract worth {n} million",
    ),
    1: (
        "{name} secures new partnership",
        "{name} announces buyback of {n} million",
        "{name} raises dividend slightly",
    ),
    0: (
        "{name} to present at industry conference",
        "{name} publishes its annual calendar",
        "{name} names new head of communications",
    ),
    -1: (
        "{name} delays product launch by {n} weeks",
        "{name} finance chief resigns",
        "{name} warns of weaker orders",
    ),
    -2: (
        "{name} misses profit forecast on weak demand",
        "{name} downgraded: analysts bearish after outage",
        "{name} cuts outlook by {n}%, layoffs planned",
    ),
    -3: (
        "{name} plunges as fraud investigation widens",
        "{name} recalls its main product after failures, losses mount",
        "{name} warns of default, shares crash",
    ),
}

SECTOR: Final[dict[int, tuple[str, ...]]] = {
    2: (
        "{sector} stocks rally as regulator approves new rules",
        "Strong demand lifts {sector} outlook, growth expected",
    ),
    1: ("{sector} orders rise slightly, survey says", "Input costs ease for {sector}"),
    -1: ("{sector} orders fall, survey says", "Higher input costs slow {sector}, industry warns"),
    -2: ("{sector} stocks tumble as regulator opens probe", "Tariffs hit {sector}: losses feared"),
}

MACRO: Final[dict[int, tuple[str, ...]]] = {
    2: ("Central bank cuts rates by surprise, stocks rally", "Economy beats forecasts with record growth"),
    1: ("Unemployment falls slightly, good for growth", "Inflation eases, consumer confidence improves"),
    -1: ("Consumer confidence weaker than expected", "Inflation higher than expected, slowdown feared"),
    -2: ("Central bank raises rates by surprise, stocks tumble", "Economy slips into recession, losses feared"),
}

RUMOUR: Final[dict[int, tuple[str, ...]]] = {
    2: ("Rumour: {name} said to be in takeover talks at a strong premium",),
    -2: ("Rumour: {name} said to face fraud probe",),
}

DENIAL: Final[dict[int, tuple[str, ...]]] = {
    2: ("{name} rejects takeover talk: no talks took place",),
    -2: ("{name} is cleared: no probe, says regulator, good standing confirmed",),
}


def headline(
    table: dict[int, tuple[str, ...]], sentiment: float, rng: random.Random, *, name: str = "", sector: str = ""
) -> str:
    """A headline of about this sentiment, -1 to 1."""
    strongest = max(table)
    wanted = sentiment * strongest
    strength = min(table, key=lambda key: (abs(key - wanted), key))
    template = rng.choice(table[strength])
    return template.format(name=name, sector=sector.capitalize() or "Industry", n=rng.randint(3, 28))

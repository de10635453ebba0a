"""A small scenario for tests, as a file that reports, sweeps and grades can load by its path."""

from pathlib import Path

TEXT = """
[market]
hours = 0.1
warm_up_minutes = 0
[[instruments]]
ticker = "ACME"
price = 100.0
description = "Acme"
[[agents]]
personality = "market_maker"
capital = 10_000_000
[[agents]]
personality = "noise"
count = 4
params = { rate = 0.5 }
[[agents]]
personality = "neutral"
count = 6
params = { rate = 0.2 }
"""


def small_market(folder: Path) -> str:
    """Write the scenario and return its path."""
    path = folder / "small.toml"
    path.write_text(TEXT)
    return str(path)

"""docs/MARKET.md says what scenarios take."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from agents.scenario import AccountLimitsSection

PAGE = Path(__file__).parents[2] / "docs" / "MARKET.md"


def test_the_page_on_the_market_shows_every_limit_of_accounts() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("```toml\n[account_limits]\n")[2].partition("```")[0]
    shown = tomllib.loads(table)
    assert set(shown) == set(AccountLimitsSection.__struct_fields__)
    msgspec.convert(shown, AccountLimitsSection)

"""Who gets which console, when several come at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from real_exchange import RealExchange

from tests.tui.hosting.conftest import USUAL, until
from tui.hosting.admission import Refused, Visitor
from tui.hosting.lobby import Lobby
from tui.hosting.seat import Seat

pytestmark = pytest.mark.e2e


def trader(who: str) -> Visitor:
    return Visitor("ssh", who, "alice", "127.0.0.1", trades=True)


async def come_at_once(visitors: Lobby, *people: Visitor) -> list[Seat | BaseException]:
    return await asyncio.gather(
        *(visitors.admit(person, USUAL, "xterm", truecolor=False) for person in people), return_exceptions=True
    )


def consoles(exchange: RealExchange) -> list[int]:
    """How many consoles each trader's account has open."""
    assert exchange.server is not None
    return [len(account.sessions) for account in exchange.server.gateway.accounts if account.personality == "human"]


async def test_two_first_log_ins_of_one_trader_at_once_open_one_account(
    exchange: RealExchange, visitors: Lobby, tmp_path: Path
):
    first, second = await come_at_once(visitors, trader("twin"), trader("twin"))
    assert isinstance(first, Seat)
    assert isinstance(second, Refused)
    assert "being opened by your other console" in str(second)
    await until(lambda: consoles(exchange) == [1])

    await until(lambda: any(tmp_path.glob("visitors/*/accounts.json")))
    await visitors.admit(trader("twin"), USUAL, "xterm", truecolor=False)
    await until(lambda: consoles(exchange) == [2])


async def test_first_log_ins_of_two_traders_at_once_open_an_account_each(exchange: RealExchange, visitors: Lobby):
    seats = await come_at_once(visitors, trader("alice"), trader("bob"))
    assert all(isinstance(seat, Seat) for seat in seats)
    await until(lambda: consoles(exchange) == [1, 1])

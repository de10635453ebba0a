"""Who gets which console, when several come at once."""

from __future__ import annotations

import asyncio
import errno
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


@pytest.mark.parametrize("trades", [True, False])
async def test_a_console_that_could_not_be_started_is_said_and_the_next_visitor_gets_one(
    visitors: Lobby, monkeypatch: pytest.MonkeyPatch, trades: bool
):
    create, refusals = asyncio.create_subprocess_exec, [BlockingIOError(errno.EAGAIN, "no more processes")]

    async def scarce(*command, **options):
        if refusals:
            raise refusals.pop()
        return await create(*command, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", scarce)
    visitor = Visitor("ssh", "twin", "alice", "127.0.0.1", trades)
    [refused] = await come_at_once(visitors, visitor)
    assert isinstance(refused, Refused)
    assert "try again later" in str(refused)
    [seat] = await come_at_once(visitors, visitor)
    assert isinstance(seat, Seat)
    assert seat.picture.pid is not None

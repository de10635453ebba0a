"""``do`` and ``watch`` against the real engine and gateway: what a line does, says and exits with."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from real_exchange import RealExchange, real_exchange
from rich.console import Console

from net.client import Client
from net.messages import AgentRegistered
from tui import lines
from tui.grammar import GrammarError
from tui.wallet import Key

Do = Callable[..., Awaitable[tuple[int, list[str]]]]


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[RealExchange]:
    async with real_exchange(tmp_path) as running:
        yield running


@pytest.fixture
def do(exchange: RealExchange) -> Do:
    """Do a line as an account, opened by its first line; the exit status and what was said."""
    keys: dict[str, Key] = {}

    async def run(line: str, name: str = "you") -> tuple[int, list[str]]:
        async def open_account(client: Client) -> AgentRegistered:
            registered = await client.register(name, personality="human", starting_capital=100_000.0)
            keys[name] = Key(registered.agent_id, registered.token or "")
            return registered

        said: list[str] = []
        status = await lines.do(Client(exchange.url, reconnect=False), line, keys.get(name), open_account, said.append)
        return status, said

    return run


async def test_a_limit_order_rests_and_is_listed(do: Do) -> None:
    assert await do("buy 10 ACME @ 99.5") == (0, ["ok: #1 working 10"])
    assert await do("orders") == (0, ["#1  buy  10  ACME  @ 99.50"])


async def test_an_order_that_trades_says_so_and_leaves_a_position(do: Do) -> None:
    assert await do("buy 10 ACME @ 100", name="other") == (0, ["ok: #1 working 10"])
    assert await do("sell 4 ACME mkt") == (0, ["ok: #2 filled 4 at 100"])
    assert await do("positions") == (0, ["-4  ACME  @ 100.00  P&L 0.00"])
    await do("buy 4 ACME @ 99", name="third")
    assert await do("flat ACME; positions", name="other") == (0, ["ok: #4 filled 4 at 99", "no positions"])


async def test_orders_are_canceled_by_price_number_side_and_all(do: Do) -> None:
    await do("buy 1 ACME @ 99; buy 2 ACME @ 99; buy 3 ACME @ 98; sell 4 ACME @ 110; buy 5 WIDG @ 24")
    assert await do("cancel ACME @ 99") == (0, ["ok: 2 canceled"])
    assert await do("cancel #3") == (0, ["ok: #3"])
    assert await do("cancel ACME bids") == (0, ["ok: 0 canceled"])
    assert await do("cancel WIDG") == (0, ["ok: 1 canceled"])
    assert await do("cancel all; orders") == (0, ["ok: 1 canceled", "no working orders"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("buy 10 ACME @ 100.001", None),
        ("cancel ACME @ 77", "refused: unknown_order: no own order in ACME at 77.00"),
        ("cancel #77", "refused: unknown_order: no working order #77"),
        ("mv #77 @ 99", "refused: unknown_order: no working order #77"),
        ("buy 100000 ACME @ 100", "refused: insufficient_funds"),
    ],
)
async def test_what_cannot_be_done_is_said_and_exits_with_1(line: str, said: str | None, do: Do) -> None:
    if said is None:
        with pytest.raises(GrammarError, match="not on the tick"):
            await do(line)
        return
    status, told = await do(line)
    assert status == 1
    assert told[0].startswith(said)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("buy 10", "which instrument\\? as in: buy 10 ACME"),
        ("cancel @ 99", "which instrument\\? as in: cancel ACME @ 100.5"),
        ("flat", "which instrument\\? as in: flat ACME"),
        ("buy 10 NONE", "no instrument NONE"),
        ("theme light", "needs the console"),
        ("bu 10 ACME", "did you mean buy"),
    ],
)
async def test_a_line_that_is_not_understood_does_nothing(line: str, told: str, do: Do) -> None:
    with pytest.raises(GrammarError, match=told):
        await do(line)
    assert await do("orders; positions") == (0, ["no working orders", "no positions"])


async def test_a_chain_that_is_wrong_anywhere_does_nothing(do: Do) -> None:
    with pytest.raises(GrammarError, match="no instrument NONE"):
        await do("buy 1 ACME @ 99; sell 1 NONE @ 99")
    assert await do("orders") == (0, ["no working orders"])


async def test_a_refusal_ends_the_chain_and_what_was_done_before_is_said(do: Do) -> None:
    status, said = await do("buy 1 ACME @ 99; buy 100000 ACME @ 100; buy 2 ACME @ 98")
    assert (status, said[0], len(said)) == (1, "ok: #1 working 1", 2)
    assert said[1].startswith("refused: insufficient_funds")
    assert await do("orders") == (0, ["#1  buy  1  ACME  @ 99.00"])


async def test_a_position_opened_in_the_chain_is_closed_by_it(do: Do) -> None:
    await do("sell 3 ACME @ 101; buy 3 ACME @ 100", name="other")
    assert await do("buy 3 ACME mkt; flat ACME; positions") == (
        0, ["ok: #3 filled 3 at 101", "ok: #4 filled 3 at 100", "no positions"],
    )  # fmt: skip


async def test_watch_draws_the_ladder_in_place(do: Do, exchange: RealExchange, monkeypatch: pytest.MonkeyPatch) -> None:
    await do("buy 10 WIDG @ 24.9; sell 7 WIDG @ 25.1")
    screen = io.StringIO()
    monkeypatch.setattr(lines, "Console", lambda: Console(file=screen, width=80, force_terminal=False))
    await lines.watch(Client(exchange.url), "widg", rows=30, frames=2)
    rows = screen.getvalue().splitlines()
    assert any("24.90" in row and "10" in row for row in rows)
    assert any("25.10" in row and "7" in row for row in rows)


async def test_watch_of_no_instrument_is_told(exchange: RealExchange) -> None:
    with pytest.raises(GrammarError, match="no instrument NONE"):
        await lines.watch(Client(exchange.url), "NONE")

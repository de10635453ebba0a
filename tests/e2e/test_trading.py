"""Two people trade on a real exchange: processes, sockets, journal."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from net import messages as m
from net.client import Client
from tests.e2e.conftest import Exchange, serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def test_two_clients_trade_and_both_portfolios_are_right_to_the_cent(exchange: Exchange):
    async with Client(exchange.ws_url) as alice, Client(exchange.ws_url) as bob:
        seller = (await alice.register("alice", starting_capital=50_000)).agent_id
        buyer = (await bob.register("bob", starting_capital=20_000)).agent_id
        acme = alice.instrument("ACME").symbol_id
        before = await total_cash(exchange)

        resting = await alice.add_order(acme, "sell", 30, price=100.25)
        assert resting.status is m.Status.SUCCESS
        assert resting.leaves_quantity == 30
        taken = await bob.add_order(acme, "buy", 12, price=100.50)
        assert taken.filled_quantity == 12
        assert taken.average_price == 100.25

        sold, bought = await alice.get_portfolio(), await bob.get_portfolio()
        assert sold.cash == 50_000 + 12 * 100.25
        assert bought.cash == 20_000 - 12 * 100.25
        assert sold.positions[str(acme)].quantity == -12
        assert bought.positions[str(acme)].quantity == 12
        assert bought.positions[str(acme)].avg_price == 100.25
        assert await total_cash(exchange) == before
        assert {seller, buyer} <= {agent["agent_id"] for agent in await agents(exchange)}


async def test_each_side_hears_of_its_own_execution(exchange: Exchange):
    async with Client(exchange.ws_url) as alice, Client(exchange.ws_url) as bob:
        await alice.register("alice")
        await bob.register("bob")
        acme = alice.instrument("ACME").symbol_id
        await alice.add_order(acme, "sell", 5, price=100)
        await bob.add_order(acme, "buy", 5, price=100)
        maker, taker = await execution(alice), await execution(bob)
        assert (maker.side.value, maker.liquidity.value) == ("sell", "maker")
        assert (taker.side.value, taker.liquidity.value) == ("buy", "taker")
        assert maker.trade_id == taker.trade_id


async def test_an_order_is_amended_and_cancelled_and_the_book_follows(exchange: Exchange):
    async with Client(exchange.ws_url) as alice:
        await alice.register("alice")
        acme = alice.instrument("ACME").symbol_id
        order = await alice.add_order(acme, "buy", 10, price=99)
        assert order.order_id is not None
        await alice.modify_order(acme, order.order_id, price=98.5, quantity=7)
        [working] = await alice.get_orders()
        assert (working.price, working.leaves_quantity) == (98.5, 7)
        assert (await alice.cancel_order(acme, order.order_id)).status is m.Status.SUCCESS
        assert await alice.get_orders() == []


async def test_what_was_acknowledged_is_there_after_the_engine_was_killed(exchange: Exchange):
    async with Client(exchange.ws_url, channels=["orderbooks"]) as alice:
        await alice.register("alice")
        acme = alice.instrument("ACME").symbol_id
        order = await alice.add_order(acme, "buy", 10, price=99)
        os.kill(exchange.pids()["engine"], signal.SIGKILL)

        away = await alice.add_order(acme, "buy", 1, price=98)
        while away.status is m.Status.ERROR:
            assert away.code is not None
            assert away.code.value == "engine_unavailable"
            away = await alice.add_order(acme, "buy", 1, price=98)
        assert [working.order_id for working in await alice.get_orders()] == [order.order_id, away.order_id]


async def test_the_exchange_remembers_accounts_and_orders_when_it_is_started_again(tmp_path: Path):
    async with serving(tmp_path, "--no-agents") as first, Client(first.ws_url) as alice:
        account = await alice.register("alice", starting_capital=1_000)
        await alice.add_order(alice.instrument("ACME").symbol_id, "buy", 2, price=99)
    async with serving(tmp_path, "--no-agents") as second, Client(second.ws_url) as alice:
        await alice.register(agent_id=account.agent_id, token=account.token)
        assert [order.price for order in await alice.get_orders()] == [99]
        assert (await alice.get_portfolio()).cash == 1_000


async def test_the_scenarios_limits_bind_whoever_opens_an_account(tmp_path: Path):
    scenario = tmp_path / "limited.toml"
    scenario.write_text(
        '[[instruments]]\nticker = "ACME"\nprice = 100.0\n'
        "[account_limits]\nmax_order_notional = 500.5\nshort_selling = false\n"
    )
    arguments = ("--no-agents", "--scenario", str(scenario))
    async with serving(tmp_path / "data", *arguments) as exchange, Client(exchange.ws_url) as alice:
        await alice.register("alice")
        refused = [await alice.add_order(1, side, quantity, price=100) for side, quantity in (("buy", 6), ("sell", 1))]
    assert [(result.code.value, result.message) for result in refused if result.code] == [
        ("order_limit", "an order may be worth 500.50 at most"),
        ("position_limit", "the account may not sell short: 1 are not its own"),
    ]


async def test_the_demo_market_trades_by_itself(tmp_path: Path):
    async with serving(tmp_path) as running, Client(running.ws_url, channels=["trades"]) as spectator:
        assert len(spectator.instruments) >= 5
        traded: set[int] = set()
        async with asyncio.timeout(60):
            async for message in spectator.messages():
                if isinstance(message, m.TradePrint):
                    traded.add(message.data.symbol_id)
                if len(traded) >= 3:
                    break


async def execution(client: Client) -> m.ExecutionShape:
    async with asyncio.timeout(10):
        async for message in client.messages():
            if isinstance(message, m.Execution):
                return message.data
    raise AssertionError("the client was closed")


async def agents(exchange: Exchange) -> list[dict[str, object]]:
    async with httpx.AsyncClient(base_url=exchange.http_url) as http:
        response = await http.get("/api/agents")
        assert response.status_code == 200
        listed: list[dict[str, object]] = response.json()
        return listed


async def total_cash(exchange: Exchange) -> float:
    return sum(float(str(agent["cash"])) for agent in await agents(exchange))


async def test_a_recorded_session_is_verified_from_nothing(tmp_path: Path):
    async with serving(tmp_path, "--no-agents") as running, Client(running.ws_url) as alice:
        await alice.register("alice")
        await alice.add_order(alice.instrument("ACME").symbol_id, "buy", 2, price=99)
    verifying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli", "verify", str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await verifying.communicate()
    assert verifying.returncode == 0
    assert b"agrees      with all" in output
    exporting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli", "export", str(tmp_path), "--out", str(tmp_path / "tables")),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await exporting.communicate()
    assert exporting.returncode == 0
    assert b"orders.csv  1 rows" in output

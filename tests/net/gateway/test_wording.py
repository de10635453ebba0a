"""Refusals speak of prices, quantities and cash, never of the engine's integers."""

from __future__ import annotations

from pathlib import Path

import pytest
from gateway_world import Client, World, running

from engine.commands import AccountLimits
from engine.types import CASH_SCALE
from net.gateway.wording import wire_reason
from net.units import Units

CENTS = Units(1_000_000, 100_000_000)


@pytest.mark.parametrize(
    ("message", "units", "reason"),
    [
        ("price must be from 8999 to 10990 ticks", CENTS, "price must be from 89.99 to 109.90"),
        ("qty must be from 1 to 5000 lots", Units(1_000_000, 10_000), "quantity must be from 0.0001 to 0.5"),
        ("from 3 to 40 ticks", Units(10_000_000, 10_000), "from 0.3 to 4.0"),
        (
            "buying power falls short by 99829990049000000 minor units",
            CENTS,
            "buying power falls short by 998,299,900.49",
        ),
        ("short by 1 minor units", CENTS, "short by 0.00000001"),
        ("the position may be 25 lots at most", Units(1_000_000, 10_000), "the position may be 0.0025 at most"),
        (
            "an order may be worth 1000000000000000000 minor units at most",
            CENTS,
            "an order may be worth 10,000,000,000.00 at most",
        ),
        ("an order may have 100 lots at most", CENTS, "an order may have 100 at most"),
        ("display_qty must be between 1 and qty", CENTS, "display_quantity must be between 1 and quantity"),
        ("3 orders a second are the account's limit", CENTS, "3 orders a second are the account's limit"),
    ],
)
def test_amounts_are_told_in_the_wires_units(message: str, units: Units, reason: str) -> None:
    assert wire_reason(message, units) == reason


async def test_a_price_out_of_the_band_is_told_where_the_band_is(world: World) -> None:
    client = await world.trader()
    answer = await client.order("buy", 1, 200.0)
    assert answer["code"] == "price_out_of_band"
    assert answer["message"] == "price must be from 90.00 to 110.00"


async def test_missing_buying_power_is_told_as_cash(world: World) -> None:
    client = await world.trader(starting_capital=100)
    answer = await client.order("buy", 50, 100.0)
    assert answer["message"].startswith("buying power falls short by 4,90")


async def test_what_the_exchange_can_issue_is_told_as_cash(world: World) -> None:
    richest = {"name": "Bob", "starting_capital": 1e10}
    for _ in range(4):
        await world.http.post("/api/agents", json=richest, headers=world.admin)
    refused = (await world.http.post("/api/agents", json=richest, headers=world.admin)).json()
    assert refused["message"] == "the exchange can issue no more than 0.00"
    assert refused["field"] == "starting_capital"


async def test_a_quote_out_of_the_band_is_told_in_prices(world: World) -> None:
    client = await world.trader()
    answer = await client.ask(
        "mass_quote", "mass_quote_response", symbol_id=2, bids=[{"price": 9_000.0, "quantity": 1}]
    )
    assert answer["data"]["code"] == "price_out_of_band"
    assert "2750.0" in answer["data"]["message"]


async def test_a_quote_that_is_too_large_is_told_which_side_is_to_blame(world: World) -> None:
    client = await world.trader()
    levels = [{"price": 100.0, "quantity": 9_000_000}]
    answer = (await client.ask("mass_quote", "mass_quote_response", symbol_id=1, asks=levels))["data"]
    assert answer["field"] == "asks"
    assert answer["message"].startswith("buying power falls short by ")
    assert "minor units" not in answer["message"]


async def test_a_sale_over_rest_that_needs_a_position_is_told_its_quantity(world: World) -> None:
    client = await world.connect()
    token = (await client.register("Bob", agent_id="bob"))["token"]
    order = {"agent_id": "bob", "symbol_id": 2, "side": "sell", "price": 2_500.0, "quantity": 0.01}
    refused = await world.http.post(
        "/api/orders", json={**order, "reduce_only": True}, headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.json()["message"] == "the position can be reduced by 0"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (AccountLimits(max_order_qty=20_000), "an order may have 2 at most"),
        (AccountLimits(max_order_notional=5_000 * CASH_SCALE), "an order may be worth 5,000.00 at most"),
        (AccountLimits(max_position=15_000), "the position may be 1.5 at most"),
        (AccountLimits(short_selling=False), "the account may not sell short: 2.5 are not its own"),
        (AccountLimits(max_working_orders=1), "the account may have 1 working orders at most"),
        (AccountLimits(max_orders_per_second=1), "1 orders a second are the account's limit"),
    ],
)
async def test_the_houses_limits_bind_who_comes_and_are_told_in_the_wires_units(
    tmp_path: Path, limits: AccountLimits, message: str
) -> None:
    async with running(tmp_path, account_limits=limits) as world:
        comer = await world.trader(starting_capital=1e6)
        house = await world.trader("House", token=world.service_token, starting_capital=1e6)
        told = {client: await sell_a_little_then_more(client) for client in (comer, house)}
    assert (told[comer], told[house]) == (message, None)


async def sell_a_little_then_more(client: Client) -> str | None:
    """Offer 0.0001 ETH and, within the same second, 2.5; what the second offer was refused for."""
    for number, quantity in enumerate((0.0001, 2.5)):
        await client.send("add_order", request_id=number, symbol_id=2, side="sell", price=2_600.0, quantity=quantity)
    answer = await client.wait_for("order_response", lambda m: m["data"]["request_id"] == 1)
    reason: str | None = answer["data"]["message"]
    return reason

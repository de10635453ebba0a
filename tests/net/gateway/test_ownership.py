"""Nobody acts for another."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import NoneType

import pytest
from gateway_world import World, running
from websockets.exceptions import InvalidStatus

from engine.commands import AccountLimits
from engine.types import CASH_SCALE
from net.gateway import SessionLimits
from net.gateway.account_requests import AccountRequests
from net.gateway.connection import Connection
from net.gateway.limits import Openings
from net.gateway.orders import Refused
from net.messages import AgentRegister


async def test_a_token_opens_its_own_account_again(world: World) -> None:
    first = await world.connect()
    registered = await first.register("Bob", agent_id="bob")
    assert (registered["agent_id"], len(registered["token"]) > 40) == ("bob", True)
    second = await world.connect()
    again = await second.register(agent_id="bob", token=registered["token"])
    assert again["agent_id"] == "bob"
    assert "token" not in again


@pytest.mark.parametrize("token", [None, "wrong", "é"])
async def test_somebodys_account_needs_its_token(world: World, token: str | None) -> None:
    await (await world.connect()).register("Bob", agent_id="bob")
    thief = await world.connect()
    refused = await thief.ask("agent_register", "error", agent_id="bob", token=token)
    assert refused["data"]["code"] == "bad_token"
    assert (await thief.order("buy", 1, 99.0, agent_id="bob"))["code"] == "not_registered"


async def test_a_token_of_another_account_opens_nothing(world: World) -> None:
    await (await world.connect()).register("Bob", agent_id="bob")
    eve = await world.connect()
    token = (await eve.register("Eve"))["token"]
    refused = await eve.ask("agent_register", "error", agent_id="bob", token=token)
    assert refused["data"]["code"] == "bad_token"


async def test_the_service_token_opens_any_account(world: World) -> None:
    await (await world.connect()).register("Bob", agent_id="bob")
    service = await world.connect()
    assert (await service.register(agent_id="bob", token=world.service_token))["agent_id"] == "bob"


async def test_the_houses_own_account_opens_to_nobody(world: World) -> None:
    client = await world.connect()
    refused = await client.ask("agent_register", "error", agent_id="exchange", token=world.service_token)
    assert refused["data"]["code"] == "bad_token"
    assert (await world.http.get("/api/agents/exchange")).status_code == 404


@pytest.mark.parametrize(
    ("request_type", "answer", "fields"),
    [
        ("add_order", "order_response", {"symbol_id": 1, "side": "buy", "quantity": 1, "price": 99.0}),
        ("cancel_order", "cancel_response", {"symbol_id": 1, "orderId": 1}),
        ("modify_order", "modify_response", {"symbol_id": 1, "orderId": 1, "quantity": 1}),
        ("cancel_all", "cancel_all_response", {}),
        ("mass_quote", "mass_quote_response", {"symbol_id": 1}),
        ("cancel_after", "cancel_after_response", {"seconds": 5}),
        ("get_portfolio", "error", {}),
        ("get_orders", "error", {}),
        ("get_trades", "error", {}),
        ("resume", "error", {"epoch": "first", "sequence": 0}),
        ("report_decision", "error", {"stage": "ml", "action": "x"}),
    ],
)
async def test_another_sessions_account_can_not_be_named(
    world: World, request_type: str, answer: str, fields: dict[str, object]
) -> None:
    await (await world.connect()).register("Bob", agent_id="bob")
    stranger = await world.connect()
    early = await stranger.ask(request_type, answer, agent_id="bob", **fields)
    assert early["data"]["code"] == "not_registered"
    await stranger.register("Eve")
    refused = await stranger.ask(request_type, answer, agent_id="bob", **fields)
    assert refused["data"]["code"] == "not_owner"


async def test_an_order_of_another_can_not_be_touched_by_its_number(world: World) -> None:
    bob, eve = await world.trader("Bob"), await world.trader("Eve")
    order_id = (await bob.order("buy", 5, 99.0))["order_id"]
    cancel = await eve.ask("cancel_order", "cancel_response", symbol_id=1, orderId=order_id)
    modify = await eve.ask("modify_order", "modify_response", symbol_id=1, orderId=order_id, quantity=1)
    assert {cancel["data"]["code"], modify["data"]["code"]} <= {"unknown_order", "not_owner"}
    assert len((await bob.ask("get_orders", "orders"))["data"]["orders"]) == 1


async def test_private_messages_go_to_the_owner_only(world: World) -> None:
    bob, eve, watcher = await world.trader("Bob"), await world.trader("Eve"), await world.connect()
    await bob.order("sell", 5, 100.0)
    await eve.order("buy", 5, 100.0)
    await bob.wait_for("execution")
    heard = await watcher.settle()
    assert not {message["type"] for message in heard} & {"execution", "order_update", "portfolio_update"}
    agents = {m["data"]["agent_id"] for m in bob.seen if m["type"] in ("execution", "order_update")}
    assert len(agents) == 1


async def test_a_session_holds_several_accounts_and_acts_for_the_one_it_names(world: World) -> None:
    client = await world.connect()
    await client.register("One", agent_id="one")
    await client.register("Two", agent_id="two")
    await client.order("buy", 1, 99.0)
    await client.order("buy", 2, 98.0, agent_id="two")
    first = (await client.ask("get_orders", "orders"))["data"]
    second = (await client.ask("get_orders", "orders", agent_id="two"))["data"]
    assert [(d["agent_id"], d["orders"][0]["quantity"]) for d in (first, second)] == [("one", 1.0), ("two", 2.0)]


async def test_two_sessions_of_one_account_both_hear_its_fills(world: World) -> None:
    first, maker = await world.connect(), await world.trader()
    token = (await first.register("Bob", agent_id="bob"))["token"]
    second = await world.connect()
    await second.register(agent_id="bob", token=token)
    await maker.order("sell", 1, 100.0)
    await first.order("buy", 1, 100.0)
    heard = await asyncio.gather(first.wait_for("execution"), second.wait_for("execution"))
    assert heard[0] == heard[1]


async def test_a_spectator_only_watches(world: World) -> None:
    client = await world.connect("/ws?role=spectator")
    assert client.seen[0]["data"]["role"] == "spectator"
    assert (await client.ask("agent_register", "error", name="x"))["data"]["code"] == "not_allowed"
    assert (await client.order("buy", 1, 99.0))["code"] == "not_allowed"


async def test_the_admin_token_makes_an_admin_and_a_wrong_one_is_refused(world: World) -> None:
    client = await world.connect(additional_headers=world.admin)
    assert client.seen[0]["data"]["role"] == "admin"
    with pytest.raises(InvalidStatus) as refused:
        await world.connect(additional_headers={"Authorization": "Bearer nonsense"})
    assert refused.value.response.status_code == 401


async def test_orders_are_canceled_when_the_session_ends_if_it_asked_for_that(world: World) -> None:
    careful, watcher = await world.connect(), await world.connect()
    token = (await careful.register("Bob", agent_id="bob", cancel_on_disconnect=True))["token"]
    await watcher.register(agent_id="bob", token=token)
    await careful.order("buy", 5, 99.0)
    await careful.link.close()
    update = await watcher.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    assert update["data"]["reason"] == "disconnected"


async def test_a_closed_account_is_refused(world: World) -> None:
    client = await world.connect()
    token = (await client.register("Bob", agent_id="bob"))["token"]
    assert (await world.http.delete("/api/agents/bob", headers=world.admin)).status_code == 200
    assert (await client.order("buy", 1, 99.0))["code"] == "not_allowed"
    refused = await (await world.connect()).ask("agent_register", "error", agent_id="bob", token=token)
    assert refused["data"]["code"] == "unknown_account"


async def test_the_newest_session_that_asked_for_it_cancels_with_its_end_and_no_older_one(world: World) -> None:
    dead, alive = await world.connect(), await world.connect()
    token = (await dead.register("Bob", agent_id="bob", cancel_on_disconnect=True))["token"]
    await alive.register(agent_id="bob", token=token, cancel_on_disconnect=True)
    await alive.order("buy", 5, 99.0)
    await dead.link.close()
    other = await world.trader()  # its registration passes through the engine after the cancel, were there one
    assert len((await alive.ask("get_orders", "orders"))["data"]["orders"]) == 1
    await other.register(agent_id="bob", token=token)
    await alive.link.close()
    update = await other.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    assert update["data"]["reason"] == "disconnected"


@pytest.mark.parametrize(
    "name",
    ["hyperliquid-bridge", "hyperliquid.book", "0x" + "aB" * 20, "0x" + "0" * 40 + ":spot"],
)
async def test_the_accounts_of_the_hyperliquid_venue_cannot_be_taken(world: World, name: str) -> None:
    client = await world.connect()
    refused = (await client.ask("agent_register", "error", agent_id=name))["data"]
    assert (refused["code"], refused["field"]) == ("not_allowed", "agent_id")


async def test_who_had_orders_in_a_delisted_instrument_is_told_that_they_are_gone(world: World) -> None:
    client, helper = await world.connect(), await world.trader()
    answer = await client.register("Bob", agent_id="bob")
    placed = await client.order("buy", 5, 99.0)
    await helper.order("sell", 2, 99.0)
    assert (await world.http.delete("/api/instruments/1", headers=world.admin)).status_code == 200
    gone = await client.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    assert (gone["data"]["order_id"], gone["data"]["reason"]) == (placed["order_id"], "instrument_removed")
    back = await world.connect()
    await back.register(agent_id="bob", token=answer["token"])
    await back.ask("resume", "resumed", epoch="first", sequence=answer["sequence"])
    told = [m["data"]["event"] for m in await back.settle() if m["type"] == "order_update"]
    assert told == ["accepted", "filled", "canceled"]
    assert [fill["quantity"] for fill in (await back.ask("get_trades", "trades"))["data"]["trades"]] == [2.0]
    assert (await back.ask("get_tape", "error", symbol_id=1))["data"]["code"] == "unknown_instrument"
    assert (await back.order("buy", 1, 99.0))["code"] == "unknown_instrument"


async def test_a_stranger_cannot_be_issued_all_the_cash_there_is(world: World) -> None:
    client = await world.connect()
    refused = (await client.ask("agent_register", "error", name="Croesus", starting_capital=1e9))["data"]
    assert (refused["code"], refused["field"]) == ("invalid_message", "starting_capital")
    assert "10,000,000" in refused["message"]
    await client.register("Rich", starting_capital=1e7)
    opened = await client.register("House", starting_capital=1e9, token=world.service_token)
    assert opened["agent"]["cash"] == 1e9
    assert opened["token"] not in (None, world.service_token)


SELF_TRADES = {"cancel_resting": ((0, 5), 0), "cancel_taker": ((3, 0), 0), "decrement": ((0, 2), 0)}
"""What is left of the own sale of 3 and of a purchase of 5 at its price, and how many lots trade."""


@pytest.mark.parametrize(("choice", "left"), [*SELF_TRADES.items(), (None, SELF_TRADES["cancel_resting"])])
async def test_who_opens_an_account_chooses_what_becomes_of_trades_with_oneself(
    world: World, choice: str | None, left: tuple[tuple[int, int], int]
) -> None:
    chosen = {} if choice is None else {"self_trade_prevention": choice}
    client = await world.trader(**chosen)
    await client.order("sell", 3, 100.0)
    taken = await client.order("buy", 5, 100.0)
    orders = (await client.ask("get_orders", "orders"))["data"]["orders"]
    resting = {order["side"]: order["leaves_quantity"] for order in orders}
    assert ((resting.get("sell", 0), resting.get("buy", 0)), taken["filled_quantity"]) == left


async def test_an_agent_created_over_rest_is_given_its_self_trade_prevention(world: World) -> None:
    agent = {"name": "Mo", "self_trade_prevention": "cancel_taker"}
    created = (await world.http.post("/api/agents", json=agent, headers=world.admin)).json()
    client = await world.connect()
    await client.register(agent_id=created["agent_id"], token=created["token"])
    await client.order("sell", 3, 100.0)
    assert (await client.order("buy", 5, 100.0))["leaves_quantity"] == 0
    assert [order["side"] for order in (await client.ask("get_orders", "orders"))["data"]["orders"]] == ["sell"]
    refused = await world.http.post("/api/agents", json={**agent, "self_trade_prevention": "no"}, headers=world.admin)
    assert refused.status_code == 400
    assert refused.json()["field"] == "self_trade_prevention"
    assert "cancel_resting, cancel_taker or decrement" in refused.json()["message"]


async def test_an_agent_tells_its_owner_alone_its_limits_and_its_self_trade_prevention(tmp_path: Path) -> None:
    limits = AccountLimits(short_selling=False, max_position=50, max_order_notional=2_500 * CASH_SCALE)
    async with running(tmp_path, account_limits=limits) as world:
        client = await world.connect()
        bob = await client.register("Bob", agent_id="bob", self_trade_prevention="decrement")
        eve = await client.register("Eve", agent_id="eve")

        async def told(token: str | None) -> tuple[object, object]:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            answer = await world.http.get("/api/agents/bob", headers=headers)
            assert (answer.status_code, answer.json()["name"]) == (200, "Bob")
            return answer.json()["self_trade_prevention"], answer.json()["limits"]

        own = await told(bob["token"])
        assert own == (
            "decrement",
            {
                "short_selling": False,
                "leverage": 1,
                "max_position": 50,
                "max_order_qty": None,
                "max_order_notional": 2500.0,
                "max_working_orders": 1000,
                "max_orders_per_second": None,
            },
        )
        assert await told(world.admin_token) == await told(world.service_token) == own
        assert await told(None) == await told(eve["token"]) == (None, None)


async def test_strangers_of_one_address_open_only_so_many_accounts_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.connect()
    for number in range(40):  # this machine is not counted
        await client.register(agent_id=f"local-{number}")
    monkeypatch.setattr(Connection, "host", "203.0.113.7")
    for number in range(30):
        await client.register(agent_id=f"far-{number}")
    refused = (await client.ask("agent_register", "error", agent_id="one-more"))["data"]
    assert refused["code"] == "rate_limited"
    await client.register(agent_id="ours", token=world.service_token)
    monkeypatch.setattr(Connection, "host", "203.0.113.8")
    await client.register(agent_id="another")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
    ],
)
def test_an_address_is_counted_with_all_that_its_owner_has(first: str, second: str, *, same: bool) -> None:
    openings = Openings(per_minute=1)
    assert openings.take(first, 0.0)
    assert openings.take(second, 0.0) is not same
    assert openings.take(second, 61.0)


def test_this_machine_opens_as_many_accounts_as_it_likes() -> None:
    openings = Openings(per_minute=1)
    assert all(openings.take(host, 0.0) for host in ("127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"))
    assert openings.take("::ffff:127.0.0.1", 0.0)


async def opened_of(requests: int, world: World) -> int:
    """How many of so many registrations at once, over one session, were granted."""
    (session,) = world.gateway.channels.everybody
    accounts = AccountRequests(world.gateway)
    asked = (accounts.register(session, AgentRegister(name="one of many")) for _ in range(requests))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NoneType, Refused}
    return outcomes.count(None)


async def test_accounts_that_are_opened_at_once_are_no_more_than_the_exchange_permits(tmp_path: Path) -> None:
    async with running(tmp_path, max_accounts=3) as world:
        await world.connect()
        assert await opened_of(6, world) == 3
        assert len(world.gateway.accounts) == 3


async def test_accounts_that_are_opened_at_once_are_no_more_than_a_session_may_hold(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SessionLimits(max_accounts=3)) as world:
        await world.connect()
        assert await opened_of(6, world) == 3

"""What the venue remembers by itself, what it learns again from the engine, and contingent orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hl_waiting import eventually
from hypothesis import given
from hypothesis import strategies as st
from venue_world import ALICE, World, running, socket

from engine.commands import CancelOrder
from engine.oms import OrderManagementSystem
from engine.types import Side
from net.errors import EngineUnavailable
from net.hyperliquid import actions
from net.hyperliquid.venue import placing
from net.hyperliquid.venue.faults import Fault, FaultKind, Faults
from net.hyperliquid.venue.feed import Feed
from net.hyperliquid.venue.orders import make_tag, read_tag, request_name, triggered_tag
from net.hyperliquid.venue.state import STATE_FILE, Store
from net.hyperliquid.venue.users import Holding, User, Wallet, direction

CLOID = "0x" + "ab" * 16


def wire(price: float, size: float, *, buy: bool = True, tif: str = "Gtc", **more: Any) -> dict[str, Any]:
    kind = {"limit": {"tif": tif}} if "t" not in more else more.pop("t")
    return {"a": 1, "b": buy, "p": str(price), "s": str(size), "r": more.pop("r", False), "t": kind, **more}


def exit_at(trigger: float, limit: float, tpsl: str, size: float = 0.5) -> dict[str, Any]:
    kind = {"trigger": {"isMarket": True, "triggerPx": str(trigger), "tpsl": tpsl}}
    return wire(limit, size, buy=False, r=True, t=kind)


async def place(
    world: World, *orders: dict[str, Any], grouping: str = "na", signer: str = ALICE, nonce: int | None = None
) -> list[Any]:
    """Place orders of Alice's, past the signatures."""
    action = msgspec.convert({"type": "order", "orders": list(orders), "grouping": grouping}, actions.Order)
    request = request_name(nonce or world.venue.now_ms(), signer)
    return await world.venue.placing.place(alice(world), action, request)


def alice(world: World) -> User:
    user = world.venue.users.get(ALICE)
    assert user is not None
    return user


def statuses(world: World) -> list[str]:
    return [order.status for order in alice(world).orders.values()]


async def test_a_restarted_venue_knows_open_orders_fills_positions_and_waiting_triggers(tmp_path: Path) -> None:
    oms = OrderManagementSystem()
    async with running(ALICE, oms=None, store=Store(tmp_path / STATE_FILE)) as world:
        await world.quotes()
        oms = world.oms
        resting, filled = await place(world, wire(1900, 0.2, c=CLOID), wire(2001, 0.5, c="0x" + "cd" * 16))
        (waiting,) = await place(world, exit_at(1950, 1800, "sl"))
        state = await world.info(type="clearinghouseState", user=ALICE)
    assert (tmp_path / STATE_FILE).stat().st_mode & 0o077 == 0
    async with running(oms=oms, store=Store(tmp_path / STATE_FILE)) as world:
        again = await world.info(type="clearinghouseState", user=ALICE)
        assert again["assetPositions"] == state["assetPositions"]
        shown = {order["oid"]: order for order in await world.info(type="frontendOpenOrders", user=ALICE)}
        assert shown[resting["resting"]["oid"]]["cloid"] == CLOID
        assert shown[waiting["resting"]["oid"]]["orderType"] == "Stop Market"
        (fill,) = await world.info(type="userFills", user=ALICE)
        assert (fill["oid"], fill["startPosition"], fill["dir"]) == (filled["filled"]["oid"], "0.0", "Open Long")
        found = await world.info(type="orderStatus", user=ALICE, oid="0x" + "cd" * 16)
        assert found["order"]["status"] == "filled"
        await world.quote("ETH", Side.BUY, 1945, 9)
        await world.take("ETH", Side.SELL, 1945, 21)
        await eventually(lambda: alice(world).orders[waiting["resting"]["oid"]].status != "open")


async def test_exits_of_a_bracket_wait_for_their_parent_and_one_cancels_the_other() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        exits = (exit_at(2050, 2000, "tp"), exit_at(1950, 1800, "sl"))
        parent, *children = await place(world, wire(1999.5, 0.5), *exits, grouping="normalTpsl")
        assert "resting" in parent
        assert children == ["waitingForFill", "waitingForFill"]
        await world.take("ETH", Side.SELL, 1999.5, 0.5)
        await eventually(lambda: statuses(world)[0] == "filled")
        await world.quote("ETH", Side.BUY, 1900, 5)
        await world.take("ETH", Side.SELL, 1900, 21)
        await eventually(lambda: statuses(world) == ["filled", "siblingFilledCanceled", "filled"])
        assert (await world.info(type="clearinghouseState", user=ALICE))["assetPositions"] == []


async def test_exits_go_with_a_parent_that_never_traded() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        parent, _ = await place(world, wire(1900, 0.5), exit_at(2050, 2000, "tp"), grouping="normalTpsl")
        await world.venue.placing.cancel(alice(world), [(1, parent["resting"]["oid"])])
        await eventually(lambda: statuses(world) == ["canceled", "canceled"])


async def test_exits_of_a_parent_that_traded_at_once_wait_for_the_mark() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        parent, child = await place(world, wire(2001, 0.5), exit_at(2050, 2000, "tp"), grouping="normalTpsl")
        assert "filled" in parent
        assert child == "waitingForTrigger"


async def test_the_exits_of_a_bracket_outlive_the_venue(tmp_path: Path) -> None:
    exits = (exit_at(2050, 2000, "tp"), exit_at(1950, 1800, "sl"))
    async with running(ALICE, store=Store(tmp_path / STATE_FILE)) as world:
        await world.quotes()
        await place(world, wire(1999.5, 0.5), *exits, grouping="normalTpsl")
        oms = world.oms
    async with running(oms=oms, store=Store(tmp_path / STATE_FILE)) as world:
        await world.take("ETH", Side.SELL, 1999.5, 0.5)
        await world.quote("ETH", Side.BUY, 1900, 5)
        await world.take("ETH", Side.SELL, 1900, 21)
        await eventually(lambda: sorted(statuses(world)) == ["filled", "filled", "siblingFilledCanceled"])
        assert (await world.info(type="clearinghouseState", user=ALICE))["assetPositions"] == []


async def test_exits_whose_parent_filled_while_the_venue_was_away_wait_for_the_mark(tmp_path: Path) -> None:
    async with running(ALICE, store=Store(tmp_path / STATE_FILE)) as world:
        await world.quotes()
        await place(world, wire(1999.5, 0.5), exit_at(1950, 1800, "sl"), grouping="normalTpsl")
        world.venue.mirror.apply = lambda batch: None  # type: ignore[method-assign] - hears nothing more
        await world.take("ETH", Side.SELL, 1999.5, 0.5)
        oms = world.oms
    async with running(oms=oms, store=Store(tmp_path / STATE_FILE)) as world:
        (stop,) = alice(world).waiting()
        assert stop.parent is None
        await world.quote("ETH", Side.BUY, 1900, 5)
        await world.take("ETH", Side.SELL, 1900, 21)
        await eventually(lambda: stop.status == "filled")


async def test_a_stop_that_fires_while_the_engine_is_away_waits_and_fires_again() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        await place(world, wire(2001, 0.5))
        await place(world, exit_at(1950, 1800, "sl"))
        (stop,) = alice(world).waiting()
        ask, refused = world.venue.placing.ask, []

        async def away(command: Any) -> Any:
            refused.append(command)
            raise EngineUnavailable("the engine is away")

        world.venue.placing.ask = away  # type: ignore[method-assign]
        await world.quote("ETH", Side.BUY, 1900, 5)
        await world.take("ETH", Side.SELL, 1900, 20.5)
        await eventually(lambda: bool(refused) and stop.waiting)
        world.venue.placing.ask = ask  # type: ignore[method-assign]
        await world.take("ETH", Side.SELL, 1900, 0.1)
        await eventually(lambda: stop.status == "filled")


async def test_orders_that_ended_unheard_are_ended_when_the_venue_loads_anew() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        await place(world, wire(1900, 0.2), wire(1990, 0.5))
        away, part = alice(world).orders.values()
        world.venue.mirror.apply = lambda batch: None  # type: ignore[method-assign]
        assert away.engine_id is not None
        await world.engine.submit(CancelOrder(account=ALICE, symbol_id=2, order_id=away.engine_id))
        await world.take("ETH", Side.SELL, 1990, 20.2)
        await Feed(world.venue).load_wallet(ALICE, Wallet.PERP)
        await Feed(world.venue).load_wallet(ALICE, Wallet.PERP)
        assert (away.status, part.status) == ("canceled", "open")
        assert (part.size, part.filled) == (50_000_000, 20_000_000)
        (fill,) = alice(world).fills
        assert fill.sz == "0.2"


async def test_two_keys_of_an_account_may_use_the_same_nonce() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        (one,) = await place(world, wire(1900, 0.2), signer=ALICE, nonce=7)
        (other,) = await place(world, wire(1900, 0.2), signer="0x" + "b2" * 20, nonce=7)
        (again,) = await place(world, wire(1900, 0.2), signer=ALICE, nonce=7)
        assert one["resting"]["oid"] != other["resting"]["oid"]
        assert again == one


async def test_no_more_triggers_wait_than_orders_may_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "WORKING_ORDERS_MAX", 2)
    async with running(ALICE) as world:
        await world.quotes()
        await place(world, wire(2001, 0.5))
        statuses = await place(world, *[exit_at(1950, 1800, "sl")] * 3)
        assert ["resting" in each for each in statuses] == [True, True, False]
        assert statuses[2] == {"error": "Too many open orders: at most 2 may wait for a trigger."}
        await world.venue.placing.cancel(alice(world), [(1, statuses[0]["resting"]["oid"])])
        (again,) = await place(world, exit_at(1950, 1800, "sl"))
        assert "resting" in again


@pytest.mark.parametrize(
    ("orders", "grouping", "text"),
    [
        ([], "na", "Batch is empty."),
        ([wire(2000, 0)], "na", "Order has zero size."),
        ([wire(2000, 0.00001)], "na", "Order has invalid size."),
        ([wire(0, 1)], "na", "Order has invalid price."),
        ([wire(2000, 1), wire(2000, 0)], "na", "Order has zero size."),
        ([wire(2000, 1, a=77)], "na", "Invalid asset. asset=77"),
        ([wire(1900, 1), wire(1950, 1)], "normalTpsl", "TP/SL orders must be reduce only."),
    ],
)
async def test_a_batch_that_makes_no_sense_is_refused_as_one(
    orders: list[dict[str, Any]], grouping: str, text: str
) -> None:
    async with running(ALICE) as world:
        await world.quotes()
        assert await place(world, *orders, grouping=grouping) == [{"error": text}]
        assert statuses(world) == []


async def test_a_refused_order_has_an_oid_and_an_entry_of_its_own() -> None:
    async with running(ALICE) as world:
        await world.quotes()
        (status,) = await place(world, wire(1900, 0.001))
        assert status == {"error": "Order must have minimum value of $10. asset=1"}
        (record,) = await world.info(type="historicalOrders", user=ALICE)
        assert (record["status"], record["order"]["oid"] > 10**15) == ("minTradeNtlRejected", True)


async def test_a_cancel_that_nobody_asked_for_is_told_as_one() -> None:
    async with running(ALICE) as world, socket(world) as client:
        await world.quotes()
        await client.subscribe("userEvents", user=ALICE)
        await client.hear("subscriptionResponse")
        (resting, asked_for) = await place(world, wire(1999.5, 0.5), wire(1900, 0.5), nonce=1)
        await world.venue.placing.cancel(alice(world), [(1, asked_for["resting"]["oid"])])
        await place(world, wire(1999.5, 0.5, buy=False), nonce=2)  # would trade with her own, which goes
        assert (await client.hear("user"))["data"] == {
            "nonUserCancel": [{"coin": "ETH", "oid": resting["resting"]["oid"]}]
        }


@given(st.one_of(st.none(), st.just(CLOID)), st.integers(0, 2**44), st.integers(0, 999), st.booleans())
def test_what_a_tag_carries_comes_back_out_of_it(cloid: str | None, nonce: int, place_: int, page: bool) -> None:
    placed = make_tag(cloid, request_name(nonce, ALICE), place_, from_page=page)
    triggered = triggered_tag(cloid, 2**52)
    assert max(len(placed), len(triggered)) <= 64
    assert (read_tag(placed).cloid, read_tag(placed).from_page, read_tag(placed).oid) == (cloid, page, None)
    assert (read_tag(triggered).cloid, read_tag(triggered).oid) == (cloid, 2**52)
    assert read_tag("somebody else's").cloid is None


@pytest.mark.parametrize(
    ("before", "lots", "word"),
    [
        (0, 5, "Open Long"),
        (3, 5, "Open Long"),
        (0, -5, "Open Short"),
        (5, -5, "Close Long"),
        (-5, 2, "Close Short"),
        (5, -7, "Long > Short"),
        (-5, 7, "Short > Long"),
    ],
)
def test_a_fill_says_what_it_did_to_the_position(before: int, lots: int, word: str) -> None:
    assert direction(before, lots, spot=False) == word


def test_profit_is_closed_at_average_cost() -> None:
    holding = Holding()
    assert [holding.trade(2, 100), holding.trade(2, 200), holding.trade(-1, 200), holding.trade(-5, 100)] == [
        0,
        0,
        50,
        -150,
    ]
    assert (holding.lots, holding.cost) == (-2, -200)


def test_a_fault_lets_some_pass_strikes_and_is_gone() -> None:
    faults = Faults()
    faults.add(Fault(kind=FaultKind.DROP, where="order", after=1, count=2))
    struck = [
        faults.strike(where, FaultKind.DROP) is not None for where in ("order", "cancel", "order", "order", "order")
    ]
    assert struck == [False, False, True, True, False]
    assert faults.armed() == []

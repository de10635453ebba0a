"""The unchanged official SDK against our venue: each test reads like one of its examples."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hl_waiting import eventually
from venue_world import ALICE_KEY, QUICK, World, in_thread, running

from engine.types import Side
from net.hyperliquid.venue.config import VenueConfig
from net.hyperliquid.venue.settings import VenueSettings

pytest.importorskip("hyperliquid.exchange", reason="needs the extra hyperliquid-clients")
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

# The client leaves its sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WALLET = Account.from_key(ALICE_KEY)
GTC, IOC, ALO = ({"limit": {"tif": tif}} for tif in ("Gtc", "Ioc", "Alo"))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running(WALLET.address) as world:
        await world.quotes()
        yield world


def status_of(answer: Any) -> Any:
    assert answer["status"] == "ok", answer
    (status,) = answer["response"]["data"]["statuses"]
    return status


async def test_basic_order(world: World) -> None:
    """Place an order that rests, look at it, cancel it."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        assert info.user_state(WALLET.address)["marginSummary"]["accountValue"] == "100000.0"
        oid = status_of(exchange.order("ETH", True, 0.2, 1100, GTC))["resting"]["oid"]
        found = info.query_order_by_oid(WALLET.address, oid)
        assert found["order"]["status"] == "open"
        assert found["order"]["order"]["limitPx"] == "1100.0"
        assert [order["oid"] for order in info.open_orders(WALLET.address)] == [oid]
        assert status_of(exchange.cancel("ETH", oid)) == "success"
        assert info.open_orders(WALLET.address) == []
        assert info.query_order_by_oid(WALLET.address, oid)["order"]["status"] == "canceled"
        again = status_of(exchange.cancel("ETH", oid))
        assert again == {"error": "Order was never placed, already canceled, or filled. asset=1"}

    await in_thread(example)


async def test_basic_market_order(world: World) -> None:
    """Open a position at the market, look at it, close it."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        opened = status_of(exchange.market_open("ETH", True, 0.5))["filled"]
        assert (opened["totalSz"], opened["avgPx"]) == ("0.5", "2001.0")
        state = info.user_state(WALLET.address)
        (position,) = [each["position"] for each in state["assetPositions"]]
        assert (position["szi"], position["entryPx"], position["positionValue"]) == ("0.5", "2001.0", "1000.5")
        assert float(state["marginSummary"]["accountValue"]) == pytest.approx(100_000 - 0.450225)
        closed = status_of(exchange.market_close("ETH"))["filled"]
        assert closed["avgPx"] == "1999.0"
        assert info.user_state(WALLET.address)["assetPositions"] == []
        last, first = info.user_fills(WALLET.address)
        assert (first["dir"], first["startPosition"], first["closedPnl"]) == ("Open Long", "0.0", "0.0")
        assert (last["dir"], last["startPosition"], last["closedPnl"]) == ("Close Long", "0.5", "-1.0")
        assert exchange.market_close("ETH") is None

    await in_thread(example)


def overheard(exchange: Exchange) -> list[Any]:
    """Everything that a client sends from now on, as somebody on the line would have it."""
    sent: list[Any] = []
    post = exchange.post

    def overhear(path: str, payload: Any = None) -> Any:
        sent.append(payload)
        return post(path, payload)

    exchange.post = overhear
    return sent


async def test_an_overheard_transfer_cannot_be_sent_again(world: World) -> None:
    def example() -> None:
        exchange = Exchange(WALLET, world.url)
        sent = overheard(exchange)
        assert exchange.usd_class_transfer(10, False)["status"] == "ok"
        signed = sent[0]["nonce"]
        assert "duplicate nonce" in exchange.post("/exchange", sent[0])["response"]
        again = exchange.post("/exchange", {**sent[0], "nonce": signed + 1})
        assert again == {"status": "err", "response": f"Invalid nonce: {signed + 1} is not the signed {signed}"}

    await in_thread(example)


async def test_what_was_overheard_before_a_restart_counts_no_more() -> None:
    sent: list[Any] = []

    def trade() -> None:
        exchange = Exchange(WALLET, world.url)
        heard = overheard(exchange)
        assert exchange.update_leverage(5, "ETH")["status"] == "ok"
        sent.extend(heard)

    def send_again() -> None:
        assert "nonce too low" in Exchange(WALLET, world.url).post("/exchange", sent[0])["response"]

    async with running(WALLET.address) as world:
        await in_thread(trade)
        oms = world.oms
    async with running(oms=oms) as world:
        await in_thread(send_again)


async def test_cloid(world: World) -> None:
    """Name an order oneself, find and cancel it by that name."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        cloid = Cloid.from_str("0x000000000000000000000000000000ab")
        placed = status_of(exchange.order("ETH", True, 0.2, 1100, GTC, cloid=cloid))["resting"]
        assert placed["cloid"] == cloid.to_raw()
        assert info.query_order_by_cloid(WALLET.address, cloid)["order"]["order"]["oid"] == placed["oid"]
        assert status_of(exchange.cancel_by_cloid("ETH", cloid)) == "success"
        unknown = Cloid.from_int(77)
        assert info.query_order_by_cloid(WALLET.address, unknown) == {"status": "unknownOid"}
        assert "error" in status_of(exchange.cancel_by_cloid("ETH", unknown))

    await in_thread(example)


async def test_modify(world: World) -> None:
    """A modified order has a new oid and the same cloid; the old one is canceled."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        cloid = Cloid.from_int(5)
        old = status_of(exchange.order("ETH", True, 0.2, 1100, GTC, cloid=cloid))["resting"]["oid"]
        new = status_of(exchange.modify_order(old, "ETH", True, 0.1, 1105, GTC, cloid=cloid))["resting"]["oid"]
        assert new != old
        assert info.query_order_by_oid(WALLET.address, old)["order"]["status"] == "canceled"
        by_cloid = info.query_order_by_cloid(WALLET.address, cloid)["order"]
        assert (by_cloid["order"]["oid"], by_cloid["order"]["sz"], by_cloid["status"]) == (new, "0.1", "open")
        refused = status_of(exchange.modify_order(new, "ETH", True, 0.1, 1105.123, GTC, cloid=cloid))
        assert refused == {"error": "Attempted to modify to invalid new order"}
        assert [order["oid"] for order in info.open_orders(WALLET.address)] == [new]

    await in_thread(example)


async def test_basic_adding(world: World) -> None:
    """Quote with post-only orders in one batch; one that would cross is refused and names the best prices."""

    def example() -> None:
        exchange = Exchange(WALLET, world.url)
        answer = exchange.bulk_orders(
            [
                {"coin": "ETH", "is_buy": True, "sz": 1, "limit_px": 1999.5, "order_type": ALO, "reduce_only": False},
                {"coin": "ETH", "is_buy": False, "sz": 1, "limit_px": 1998, "order_type": ALO, "reduce_only": False},
                {
                    "coin": "ETH",
                    "is_buy": False,
                    "sz": 0.001,
                    "limit_px": 2003,
                    "order_type": ALO,
                    "reduce_only": False,
                },
            ]
        )
        resting, crossing, small = answer["response"]["data"]["statuses"]
        assert "resting" in resting
        text = "Post only order would have immediately matched, bbo was 1999.5@2001. asset=1"
        assert crossing == {"error": text}
        assert small == {"error": "Order must have minimum value of $10. asset=1"}

    await in_thread(example)


async def test_basic_tpsl(world: World) -> None:
    """A stop waits for the mark price, then closes the position; its take-profit sibling goes with it."""

    def open_position() -> tuple[int, int]:
        exchange = Exchange(WALLET, world.url)
        status_of(exchange.market_open("ETH", True, 0.5))
        trigger = {"trigger": {"triggerPx": 1990, "isMarket": True, "tpsl": "sl"}}
        stop = status_of(exchange.order("ETH", False, 0.5, 1900, trigger, reduce_only=True))["resting"]["oid"]
        trigger = {"trigger": {"triggerPx": 2100, "isMarket": True, "tpsl": "tp"}}
        profit = status_of(exchange.order("ETH", False, 0.5, 2000, trigger, reduce_only=True))["resting"]["oid"]
        info = Info(world.url, skip_ws=True)
        shown = {order["oid"]: order for order in info.frontend_open_orders(WALLET.address)}
        assert (shown[stop]["orderType"], shown[stop]["triggerCondition"]) == ("Stop Market", "Price below 1990")
        assert (shown[profit]["orderType"], shown[profit]["triggerCondition"]) == (
            "Take Profit Market",
            "Price above 2100",
        )
        late = {"trigger": {"triggerPx": 2100, "isMarket": True, "tpsl": "sl"}}
        refused = status_of(exchange.order("ETH", False, 0.5, 1900, late, reduce_only=True))
        assert refused == {"error": "Invalid TP/SL price. asset=1"}
        return stop, profit

    stop, profit = await in_thread(open_position)
    user = world.venue.users.get(WALLET.address.lower())
    assert user is not None
    await world.quote("ETH", Side.BUY, 1985, 5)
    await world.take("ETH", Side.SELL, 1985, 21)
    await eventually(lambda: user.orders[stop].status == "filled")
    assert user.orders[profit].waiting
    assert user.perp.holding(user.orders[stop].listed.symbol_id).lots == 0
    statuses = [record.status for record in user.history if record.order.oid == stop]
    assert statuses == ["open", "triggered", "filled"]


async def test_basic_leverage_adjustment(world: World) -> None:
    """Leverage and margin mode are what was chosen, and margin follows."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        assert exchange.update_leverage(5, "ETH")["status"] == "ok"
        status_of(exchange.market_open("ETH", True, 1))
        position = info.user_state(WALLET.address)["assetPositions"][0]["position"]
        assert (position["leverage"], position["marginUsed"]) == ({"type": "cross", "value": 5}, "400.2")
        assert exchange.update_leverage(10, "ETH", is_cross=False)["status"] == "ok"
        assert exchange.update_isolated_margin(100, "ETH")["status"] == "ok"
        position = info.user_state(WALLET.address)["assetPositions"][0]["position"]
        assert (position["leverage"]["type"], position["marginUsed"]) == ("isolated", "300.1")
        assert exchange.update_leverage(26, "ETH") == {"status": "err", "response": "Invalid leverage value"}
        exchange.update_leverage(1, "BTC")
        poor = status_of(exchange.order("BTC", True, 2, 99_000, GTC))
        assert poor == {"error": "Insufficient margin to place order. asset=0"}

    await in_thread(example)


async def test_basic_agent(world: World) -> None:
    """An approved key trades for its master; it cannot move money, and one that nobody approved is unknown."""

    def example() -> None:
        approved, key = Exchange(WALLET, world.url).approve_agent("bot")
        assert approved["status"] == "ok"
        agent = Account.from_key(key)
        exchange = Exchange(agent, world.url, account_address=WALLET.address)
        oid = status_of(exchange.order("ETH", True, 0.2, 1100, GTC))["resting"]["oid"]
        info = Info(world.url, skip_ws=True)
        assert [order["oid"] for order in info.open_orders(WALLET.address)] == [oid]
        assert info.open_orders(agent.address) == []
        assert info.user_role(agent.address) == {"role": "agent", "data": {"user": WALLET.address.lower()}}
        text = f"Must deposit before performing actions. User: {agent.address.lower()}"
        assert exchange.usd_class_transfer(1, True) == {"status": "err", "response": text}
        stranger = Account.from_key("0x" + "77" * 32)
        text = f"User or API Wallet {stranger.address.lower()} does not exist."
        assert Exchange(stranger, world.url).order("ETH", True, 0.2, 1100, GTC) == {"status": "err", "response": text}

    await in_thread(example)


async def test_basic_spot_order_and_transfers(world: World) -> None:
    """Spot trades from a wallet of its own; USDC moves between the two; what is not there is not sold."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        bought = status_of(exchange.order("PURR/USDC", True, 100, 0.202, IOC))["filled"]
        assert bought["avgPx"] == "0.201"
        balances = {each["coin"]: each["total"] for each in info.spot_user_state(WALLET.address)["balances"]}
        assert balances == {"USDC": "99979.890955", "PURR": "100.0"}
        (fill,) = info.user_fills(WALLET.address)
        assert (fill["coin"], fill["dir"]) == ("PURR/USDC", "Buy")
        short = status_of(exchange.order("PURR/USDC", False, 101, 0.199, IOC))
        assert short == {"error": "Insufficient spot balance asset=10000"}
        assert status_of(exchange.order("HYPE/USDC", True, 1, 24, GTC))["resting"]
        assert [order["coin"] for order in info.open_orders(WALLET.address)] == ["@1"]
        assert exchange.usd_class_transfer(1000, True)["status"] == "ok"
        assert info.user_state(WALLET.address)["marginSummary"]["accountValue"] == "101000.0"
        deposit, _, moved = info.user_non_funding_ledger_updates(WALLET.address, 0)
        assert deposit["delta"] == {"type": "deposit", "usdc": "100000.0"}
        assert moved["delta"] == {"type": "accountClassTransfer", "usdc": "1000.0", "toPerp": True}
        too_much = exchange.usd_class_transfer(1_000_000, False)
        assert too_much == {"status": "err", "response": "Insufficient balance for transfer."}

    await in_thread(example)


async def test_sub_account(world: World) -> None:
    """A master funds a sub-account and trades for it; its own account is untouched."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        address = exchange.create_sub_account("desk")["response"]["data"]
        assert exchange.sub_account_transfer(address, True, 5_000_000_000)["status"] == "ok"
        desk = Exchange(WALLET, world.url, vault_address=address)
        status_of(desk.market_open("ETH", True, 0.5))
        assert info.user_state(address)["assetPositions"][0]["position"]["szi"] == "0.5"
        assert info.user_state(WALLET.address)["assetPositions"] == []
        (listed,) = info.query_sub_accounts(WALLET.address)
        assert (listed["name"], listed["subAccountUser"]) == ("desk", address)
        other = Exchange(Account.from_key("0x" + "77" * 32), world.url, vault_address=address)
        assert other.order("ETH", True, 0.2, 1100, GTC)["status"] == "err"

    await in_thread(example)


async def test_cancel_open_orders_and_schedule_cancel(world: World) -> None:
    """A batch of cancels; the kill switch wants five seconds, takes no more than a year, and can be cleared."""

    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        for price in (1100, 1101, 1102):
            status_of(exchange.order("ETH", True, 0.2, price, GTC))
        open_orders = info.open_orders(WALLET.address)
        answer = exchange.bulk_cancel([{"coin": order["coin"], "oid": order["oid"]} for order in open_orders])
        assert answer["response"]["data"]["statuses"] == ["success"] * 3
        soon = int(time.time() * 1000)
        assert exchange.schedule_cancel(soon + 1_000)["status"] == "err"
        far = exchange.schedule_cancel(soon + 366 * 86_400_000)
        assert far == {"status": "err", "response": "Scheduled cancel time must be within a year."}
        assert world.venue.store.state.schedules == {}
        assert exchange.schedule_cancel(soon + 364 * 86_400_000)["status"] == "ok"
        assert exchange.schedule_cancel(soon + 60_000)["status"] == "ok"
        assert exchange.schedule_cancel(None)["status"] == "ok"

    await in_thread(example)


async def test_expires_after(world: World) -> None:
    """A request that is too old when it arrives is not done."""

    def example() -> None:
        exchange = Exchange(WALLET, world.url)
        now = int(time.time() * 1000)
        exchange.set_expires_after(now + 60_000)
        status_of(exchange.order("ETH", True, 0.2, 1100, GTC))
        exchange.set_expires_after(now - 60_000)
        assert exchange.order("ETH", True, 0.2, 1100, GTC)["status"] == "err"

    await in_thread(example)


async def test_a_venue_may_insist_on_one_networks_signatures() -> None:
    """The SDK signs for the test network wherever it is not on the main one."""

    def example(url: str) -> Any:
        return Exchange(WALLET, url).order("ETH", True, 0.2, 1100, GTC)

    for chain, taken in (("testnet", "ok"), ("mainnet", "err")):
        settings = VenueSettings.of(VenueConfig(chain=chain))
        async with running(WALLET.address, settings=settings) as world:
            await world.quotes()
            answer = await in_thread(example, world.url)
            assert answer["status"] == taken
    assert answer["response"].startswith("User or API Wallet 0x")


async def test_a_strict_venue_takes_one_action_in_ten_seconds_of_who_has_used_his_up() -> None:
    """So that he can still cancel, or trade himself free."""
    async with running(WALLET.address, settings=msgspec.structs.replace(QUICK, rate_limits=True)) as world:
        await world.quotes()
        user = world.venue.users.get(WALLET.address.lower())
        assert user is not None
        user.requests = 10_000
        exchange = await in_thread(Exchange, WALLET, world.url)

        async def order() -> Any:
            return await in_thread(exchange.order, "ETH", True, 0.2, 1100, GTC)

        assert (await order())["status"] == "ok"
        refused = await order()
        assert refused["response"].startswith("Too many cumulative requests sent (10002 > 10000) for cumulative volume")
        clock = world.venue.now_ns
        world.venue.now_ns = lambda: clock() + 10_000_000_000
        assert (await order())["status"] == "ok"
        assert (await order())["status"] == "err"


class Heard:
    """What each subscription of a WebSocket client was told."""

    def __init__(self, info: Info) -> None:
        self._info = info
        self._queues: dict[str, queue.Queue[Any]] = {}

    def subscribe(self, **subscription: Any) -> None:
        heard: queue.Queue[Any] = queue.Queue()
        self._queues[subscription["type"]] = heard
        self._info.subscribe(subscription, heard.put)

    def next(self, kind: str) -> Any:
        return self._queues[kind].get(timeout=10)["data"]


@contextmanager
def listening(url: str) -> Iterator[tuple[Info, Heard]]:
    info = Info(url)
    try:
        yield info, Heard(info)
    finally:
        info.disconnect_websocket()
        for thread in threading.enumerate():
            if thread is info.ws_manager:
                thread.join(5)


async def test_basic_ws(world: World) -> None:
    """Every stream that the SDK offers delivers what it promises."""

    def example() -> None:
        exchange = Exchange(WALLET, world.url)
        with listening(world.url) as (info, heard):
            user = WALLET.address
            for kind in ("allMids", "userEvents", "userFills", "orderUpdates", "webData2", "userFundings"):
                heard.subscribe(type=kind, **({} if kind == "allMids" else {"user": user}))
            heard.subscribe(type="userNonFundingLedgerUpdates", user=user)
            for kind in ("l2Book", "trades", "bbo", "activeAssetCtx"):
                heard.subscribe(type=kind, coin="ETH")
            heard.subscribe(type="candle", coin="ETH", interval="1m")
            heard.subscribe(type="activeAssetData", user=user, coin="ETH")
            assert heard.next("allMids")["mids"]["ETH"] == "2000.0"
            assert heard.next("l2Book")["levels"][0][0] == {"px": "1999.0", "sz": "10.0", "n": 1}
            assert heard.next("bbo")["bbo"][1]["px"] == "2001.0"
            assert heard.next("activeAssetCtx")["ctx"]["markPx"] == "2000.0"
            assert heard.next("activeAssetData")["leverage"] == {"type": "cross", "value": 20}
            assert heard.next("webData2")["clearinghouseState"]["withdrawable"] == "100000.0"
            for kind in ("userFills", "userFundings", "userNonFundingLedgerUpdates"):
                assert heard.next(kind)["isSnapshot"] is True
            status_of(exchange.market_open("ETH", True, 0.5))
            (trade,) = heard.next("trades")
            assert (trade["px"], trade["side"], trade["users"][0]) == ("2001.0", "B", user.lower())
            (update,) = heard.next("orderUpdates")
            assert (update["status"], update["order"]["sz"], update["order"]["origSz"]) == ("filled", "0.0", "0.5")
            (fill,) = heard.next("userEvents")["fills"]
            told = heard.next("userFills")
            assert told["fills"] == [fill]
            assert "isSnapshot" not in told
            assert fill["tid"] == trade["tid"]
            assert heard.next("candle")["c"] == "2001.0"
            changed = heard.next("bbo")["bbo"][1]
            assert changed == {"px": "2001.0", "sz": "9.5", "n": 1}
            info.name_to_coin["NOPE"] = "NOPE"

    await in_thread(example)

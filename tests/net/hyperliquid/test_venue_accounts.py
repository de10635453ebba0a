"""What clients ask and do beyond trading: every question of the SDK, money, TWAP orders, liquidation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hl_waiting import eventually
from venue_world import ALICE, ALICE_KEY, QUICK, World, in_thread, running, socket

from engine.types import Side
from net.hyperliquid.actions import CreateSubAccount
from net.hyperliquid.venue.money import Money

pytest.importorskip("ccxt", reason="needs the extra hyperliquid-clients")
pytest.importorskip("hyperliquid.exchange", reason="needs the extra hyperliquid-clients")
import ccxt
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WALLET = Account.from_key(ALICE_KEY)
BOB = "0x" + "b0" * 20
IOC, GTC = {"limit": {"tif": "Ioc"}}, {"limit": {"tif": "Gtc"}}
DEFAULT = {"status": "ok", "response": {"type": "default"}}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    settings = msgspec.structs.replace(QUICK, twap_slice_s=0.05, open_interest_s=0.05)
    async with running(ALICE, settings=settings) as world:
        await world.quotes()
        yield world


async def test_every_question_of_the_sdk_has_an_answer(world: World) -> None:
    def example() -> None:
        info = Info(world.url, skip_ws=True)
        asked = [
            info.user_staking_summary(ALICE), info.user_staking_delegations(ALICE), info.user_staking_rewards(ALICE),
            info.delegator_history(ALICE), info.query_referral_state(ALICE), info.query_sub_accounts(ALICE),
            info.query_user_to_multi_sig_signers(ALICE), info.query_perp_deploy_auction_status(),
            info.query_user_dex_abstraction_state(ALICE), info.query_user_abstraction_state(ALICE),
            info.historical_orders(ALICE), info.user_non_funding_ledger_updates(ALICE, 0), info.portfolio(ALICE),
            info.user_twap_slice_fills(ALICE), info.user_vault_equities(ALICE), info.user_role(ALICE),
            info.user_rate_limit(ALICE), info.query_spot_deploy_auction_status(ALICE), info.extra_agents(ALICE),
            info.user_funding_history(ALICE, 0), info.user_fees(ALICE), info.spot_meta_and_asset_ctxs(),
            info.perp_dexs(), info.frontend_open_orders(ALICE),
        ]  # fmt: skip
        assert len(asked) == 24
        assert asked[0]["delegated"] == "0.0"

    await in_thread(example)


async def test_funding_is_zero_and_says_so_hour_by_hour(world: World) -> None:
    def example() -> None:
        now = world.venue.now_ms()
        history = Info(world.url, skip_ws=True).funding_history("ETH", now - 3 * 3_600_000)
        assert [each["fundingRate"] for each in history] == ["0.0"] * 3
        assert all(each["time"] % 3_600_000 == 0 for each in history)

    await in_thread(example)
    predicted = dict(await world.info(type="predictedFundings"))
    assert predicted["ETH"][0][0] == "HlPerp"
    assert predicted["ETH"][0][1]["fundingRate"] == "0.0"


async def test_open_interest_is_what_is_held_long_by_whomever(world: World) -> None:
    await world.take("ETH", Side.BUY, 2001, 3)

    async def shown() -> str:
        meta, contexts = await world.info(type="metaAndAssetCtxs")
        place = [each["name"] for each in meta["universe"]].index("ETH")
        return str(contexts[place]["openInterest"])

    for _ in range(100):
        if await shown() != "0.0":
            break
    assert await shown() == "3.0"


async def test_money_moves_between_wallets_and_accounts_and_vaults_are_refused(world: World) -> None:
    def example() -> None:
        info, exchange = Info(world.url, skip_ws=True), Exchange(WALLET, world.url)
        assert exchange.usd_transfer(100, BOB) == DEFAULT
        assert exchange.spot_transfer(50, BOB, "USDC:0x6d1e7cde53ba9467b783cb7c530ce054") == DEFAULT
        assert exchange.send_asset(BOB, "spot", "", "USDC:0x6d1e7cde53ba9467b783cb7c530ce054", 25) == DEFAULT
        assert info.user_state(BOB)["withdrawable"] == "125.0"
        assert info.spot_user_state(BOB)["balances"][0]["total"] == "50.0"
        token = exchange.spot_transfer(1, BOB, "PURR:0xeb62eee3685fc4c43992febcd9e75443")
        assert token == {"status": "err", "response": "Only USDC can be sent here, not PURR."}
        address = exchange.create_sub_account("desk")["response"]["data"]
        assert (
            exchange.sub_account_spot_transfer(address, True, "USDC:0x6d1e7cde53ba9467b783cb7c530ce054", 5) == DEFAULT
        )
        assert info.spot_user_state(address)["balances"][0]["total"] == "5.0"
        vault = exchange.vault_usd_transfer(BOB, True, 1_000_000)
        assert vault == {"status": "err", "response": f"Vault not registered: {BOB}"}
        assert exchange.user_set_abstraction(ALICE, "unifiedAccount") == DEFAULT
        assert exchange.agent_set_abstraction("u") == DEFAULT
        assert exchange.user_dex_abstraction(ALICE, False) == DEFAULT
        assert exchange.withdraw_from_bridge(10, BOB) == DEFAULT

    await in_thread(example)


async def test_a_twap_trades_its_size_in_slices(world: World) -> None:
    async with socket(world) as client:
        for kind in ("userTwapHistory", "userTwapSliceFills", "twapStates"):
            await client.subscribe(kind, user=ALICE)
            assert await client.hear(kind)
        await _twap_of_half_an_ether(world)
        assert [entry["status"] for entry in (await client.hear("userTwapHistory"))["data"]["history"]] == [
            {"status": "activated"}
        ]
        (slice_,) = (await client.hear("userTwapSliceFills"))["data"]["twapSliceFills"]
        running_: list[Any] = []
        while not running_:
            running_ = (await client.hear("twapStates"))["data"]["states"]
        assert (running_[0][0], running_[0][1]["sz"]) == (slice_["twapId"], "0.5")
        assert slice_["fill"]["coin"] == "ETH"
        (entry,) = (await client.hear("userTwapHistory"))["data"]["history"]
        assert entry["status"] == {"status": "finished"}


async def _twap_of_half_an_ether(world: World) -> None:
    def example() -> str:
        urls = {"public": world.url, "private": world.url, "ws": {"public": ""}}
        exchange = ccxt.hyperliquid(
            {"walletAddress": ALICE, "privateKey": ALICE_KEY, "enableRateLimit": False, "urls": {"api": urls}}
        )
        exchange.load_markets()
        order = exchange.create_twap_order("ETH/USDC:USDC", "buy", 0.5, 5 * 60_000)
        exchange.session.close()
        return str(order["id"])

    twap_id = int(await in_thread(example))

    async def traded() -> list[Any]:
        return list(await world.info(type="userTwapSliceFills", user=ALICE))

    fills: list[Any] = []
    while len(fills) < 10:
        fills = await traded()
    assert {each["twapId"] for each in fills} == {twap_id}
    user = world.venue.users.get(ALICE)
    assert user is not None
    await eventually(lambda: world.venue.twaps.history(ALICE)[0]["status"] == {"status": "finished"})
    assert sum(float(each["fill"]["sz"]) for each in await traded()) == pytest.approx(0.5)
    newest, oldest = await world.info(type="twapHistory", user=ALICE)
    assert (newest["state"]["executedSz"], oldest["status"]) == ("0.5", {"status": "activated"})


async def test_a_twap_can_be_stopped_and_bad_ones_are_refused(world: World) -> None:
    def example() -> None:
        exchange = Exchange(WALLET, world.url)

        def post(action: dict[str, Any]) -> Any:
            from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

            nonce = get_timestamp_ms()
            signature = sign_l1_action(WALLET, action, None, nonce, None, False)
            return exchange._post_action(action, signature, nonce)["response"]["data"]["status"]

        def twap(minutes: int) -> dict[str, Any]:
            terms = {"a": 1, "b": True, "s": "1", "r": False, "m": minutes, "t": True}
            return {"type": "twapOrder", "twap": terms}

        assert post(twap(1)) == {"error": "Invalid TWAP duration: 1 min(s)"}
        number = post(twap(1440))["running"]["twapId"]
        assert post({"type": "twapCancel", "a": 1, "t": number}) == "success"
        assert "error" in post({"type": "twapCancel", "a": 1, "t": number})

    await in_thread(example)


async def test_a_batch_may_not_open_more_than_the_margin_of_all_its_orders_together() -> None:
    """20x on $1,000: orders of $9,000 each fit singly, three of them do not."""
    async with running(ALICE, dollars=1_000) as world:
        await world.quotes()

        def example() -> list[Any]:
            orders = [
                {
                    "coin": "ETH",
                    "is_buy": True,
                    "sz": 4.6,
                    "limit_px": 1950 + place,
                    "order_type": GTC,
                    "reduce_only": False,
                }
                for place in range(3)
            ]
            return list(Exchange(WALLET, world.url).bulk_orders(orders)["response"]["data"]["statuses"])

        statuses = await in_thread(example)
        assert sorted("resting" in each for each in statuses) == [False, True, True]
        assert {"error": "Insufficient margin to place order. asset=1"} in statuses
        user = world.venue.users.get(ALICE)
        assert user is not None
        resting = [order.limit * order.remaining for order in user.open_orders()]
        assert (len(resting), sum(resting)) == (2, user.resting[2])
        await in_thread(
            lambda: Exchange(WALLET, world.url).bulk_cancel(
                [{"coin": "ETH", "oid": each["resting"]["oid"]} for each in statuses if "resting" in each]
            )
        )
        assert user.resting[2] == 0
        assert (await world.info(type="clearinghouseState", user=ALICE))["withdrawable"] == "1000.0"


async def test_a_position_whose_margin_is_gone_is_closed_in_the_book_and_told() -> None:
    async with running(ALICE, dollars=1_000) as world, socket(world) as client:
        await world.quotes()
        await client.subscribe("notification", user=ALICE)

        def example() -> None:
            exchange = Exchange(WALLET, world.url)
            exchange.update_leverage(25, "ETH")
            exchange.order("ETH", True, 10, 2001, IOC)
            exchange.order("ETH", True, 0.1, 1900, GTC)

        await in_thread(example)
        await client.subscribe("userEvents", user=ALICE)
        assert (await world.info(type="clearinghouseState", user=ALICE))["assetPositions"]
        price = float(
            (await world.info(type="clearinghouseState", user=ALICE))["assetPositions"][0]["position"]["liquidationPx"]
        )
        assert 1920 < price < 1960
        await world.quote("ETH", Side.BUY, 1940, 50)
        await world.take("ETH", Side.SELL, 1940, 25)  # down through both levels to a mark of 1,940
        user = world.venue.users.get(ALICE)
        assert user is not None
        await eventually(lambda: not user.perp.holding(2).lots)
        event: dict[str, Any] = {}
        while "liquidation" not in event:
            event = (await client.hear("user"))["data"]
        assert event["liquidation"]["liquidated_user"] == ALICE
        assert "margin" in (await client.hear("notification"))["data"]["notification"]
        newest = (await world.info(type="userFills", user=ALICE))[0]
        assert newest["liquidation"] == {"liquidatedUser": ALICE, "markPx": "1940.0", "method": "market"}
        assert "cloid" not in newest
        assert await world.info(type="openOrders", user=ALICE) == []


async def test_of_two_sub_accounts_of_one_name_that_are_made_at_once_there_is_one(world: World) -> None:
    user = world.venue.users.open(ALICE)
    money, create = Money(world.venue), CreateSubAccount(name="desk")
    first, second = await asyncio.gather(money.move(user, create), money.move(user, create))
    assert first["status"] == "ok"
    assert second == {"status": "err", "response": "Sub-account name already used."}

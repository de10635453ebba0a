"""The venue's manners, word for word, seen by a client that writes its own bytes."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest
from hl_waiting import eventually
from venue_world import ALICE, QUICK, World, running, socket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from engine.types import Side
from net.hyperliquid import wire
from net.hyperliquid.venue.faults import FaultKind
from net.hyperliquid.venue.settings import VenueSettings
from net.hyperliquid.venue.stream_session import PRIVATE_BUFFER_BYTES, StreamSession

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running(ALICE) as world:
        await world.quotes()
        yield world


async def post(world: World, path: str, body: bytes, headers: dict[str, str] = JSON) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.post(f"{world.url}/{path}", content=body, headers=headers)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "text"),
    [
        ("info", b'{"type":"nothing"}', JSON, 422, "Failed to deserialize the JSON body into the target type"),
        ("info", b'{"type":"l2Book"}', JSON, 422, "Failed to deserialize the JSON body into the target type"),
        ("info", b"[]", JSON, 422, "Failed to deserialize the JSON body into the target type"),
        ("info", b'{"type":"openOrders","user":"0x12"}', JSON, 422, "Failed to deserialize"),
        ("exchange", b'{"action":{"type":"dance"}}', JSON, 422, "Failed to deserialize"),
        ("info", b"no json", JSON, 400, "Failed to parse the request body as JSON"),
        ("info", b"\xff\xfe", JSON, 400, "Failed to parse"),
        ("info", b"[" * 3000, JSON, 400, "Failed to parse"),
        ("info", b'{"type":"meta"}', {"Content-Type": "text/plain"}, 415, "Expected request with"),
        ("info", b'{"type":"l2Book","coin":"BTC","nSigFigs":7}', JSON, 500, "null"),
        ("info", b'{"type":"l2Book","coin":"BTC","nSigFigs":4,"mantissa":2}', JSON, 500, "null"),
        ("nothing", b"{}", JSON, 404, "Not Found"),
        ("faults", b"[]", JSON, 404, "Not Found"),
        ("info", b" " * ((1 << 20) + 1), JSON, 413, "the request body is too large"),
    ],
)
async def test_errors_of_the_transport_are_texts(
    world: World, path: str, body: bytes, headers: dict[str, str], status: int, text: str
) -> None:
    response = await post(world, path, body, headers)
    assert response.status_code == status
    assert response.text.startswith(text)
    assert response.headers["content-type"].startswith("text/plain")


async def test_unknown_users_and_coins_get_empty_answers(world: World) -> None:
    nobody = "0x" + "9" * 40
    assert await world.info(type="openOrders", user=nobody) == []
    assert await world.info(type="userFills", user=nobody) == []
    assert (await world.info(type="clearinghouseState", user=nobody))["assetPositions"] == []
    assert await world.info(type="orderStatus", user=nobody, oid=5) == {"status": "unknownOid"}
    assert await world.info(type="userRole", user=nobody) == {"role": "missing"}
    assert await world.info(type="userAbstraction", user=nobody) == "default"
    assert await world.info(type="l2Book", coin="NOPE") is None
    assert await world.info(type="perpDexs") == [None]


async def test_contexts_are_of_the_length_and_order_of_their_universe(world: World) -> None:
    meta, contexts = await world.info(type="metaAndAssetCtxs")
    assert len(meta["universe"]) == len(contexts) == 3
    assert [context["markPx"] for context in contexts] == ["100000.0", "2000.0", "0.012"]
    meta, contexts = await world.info(type="spotMetaAndAssetCtxs")
    assert [context["coin"] for context in contexts] == ["PURR/USDC", "@1"]
    assert [token["index"] for token in meta["tokens"]] == [0, 1, 2]


async def test_a_delisted_perpetual_keeps_its_place(world: World) -> None:
    from engine.commands import RemoveInstrument

    reply = await world.engine.submit(RemoveInstrument(symbol_id=1))
    await world.venue.caught_up(reply.sequence)
    universe = (await world.info(type="meta"))["universe"]
    assert [(each["name"], each.get("isDelisted", False)) for each in universe] == [
        ("BTC", True),
        ("ETH", False),
        ("kPEPE", False),
    ]
    assert (await world.info(type="l2Book", coin="BTC"))["levels"] == [[], []]


async def test_aggregated_books_floor_bids_and_ceil_asks(world: World) -> None:
    await world.quote("BTC", Side.BUY, 99_987, 2.0)
    book = await world.info(type="l2Book", coin="BTC", nSigFigs=4)
    assert book["levels"][0] == [{"px": "99980.0", "sz": "3.0", "n": 2}, {"px": "99990.0", "sz": "1.0", "n": 1}][::-1]
    assert book["levels"][1][0] == {"px": "100100.0", "sz": "2.0", "n": 2}
    assert book["spread"] == "20.0"


async def test_trades_give_an_hour_candle_and_the_days_volume(world: World) -> None:
    await world.take("ETH", Side.BUY, 2001, 2)
    (candle,) = await world.info(
        type="candleSnapshot", req={"coin": "ETH", "interval": "1h", "startTime": 0, "endTime": 2**53}
    )
    assert (candle["o"], candle["v"], candle["n"], candle["s"], candle["i"]) == ("2001.0", "2.0", 1, "ETH", "1h")
    assert candle["T"] - candle["t"] == 3_600_000 - 1
    _, contexts = await world.info(type="metaAndAssetCtxs")
    assert (contexts[1]["dayNtlVlm"], contexts[1]["dayBaseVlm"]) == ("4002.0", "2.0")
    (trade,) = await world.info(type="recentTrades", coin="ETH")
    assert (trade["side"], trade["px"]) == ("B", "2001.0")


# --- WebSocket --------------------------------------------------------------------------------------------------------


async def test_nobody_is_greeted_and_a_ping_is_answered(world: World) -> None:
    async with socket(world) as client:
        await client.say("ping")
        assert await client.hear() == {"channel": "pong"}


async def test_the_acknowledgement_is_filled_in_and_comes_before_the_snapshot(world: World) -> None:
    async with socket(world) as client:
        await client.subscribe("l2Book", coin="BTC")
        subscription = {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None, "fast": False}
        assert await client.hear() == {
            "channel": "subscriptionResponse",
            "data": {"method": "subscribe", "subscription": subscription},
        }
        book = await client.hear()
        assert (book["channel"], len(book["data"]["levels"][0])) == ("l2Book", 2)
        assert "fast" not in book["data"]


async def test_subscribing_twice_and_giving_up_what_one_has_not_are_errors_that_harm_nothing(world: World) -> None:
    async with socket(world) as client:
        for _ in range(2):
            await client.subscribe("trades", coin="BTC")
        await client.say("unsubscribe", subscription={"type": "trades", "coin": "ETH"})
        await client.hear("subscriptionResponse")
        assert (await client.hear())["data"] == 'Already subscribed: {"type":"trades","coin":"BTC"}'
        assert (await client.hear())["data"] == 'Already unsubscribed: {"type":"trades","coin":"ETH"}'
        await world.take("BTC", Side.BUY, 100_010, 0.01)
        assert (await client.hear("trades"))["data"][0]["px"] == "100010.0"


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        '{"method":"dance"}',
        '{"method":"subscribe","subscription":{"type":"dance"}}',
        '{"method":"subscribe","subscription":{"type":"l2Book","coin":7}}',
        '{"method":"post","request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":3,"request":{"type":"info","payload":{"type":"dance"}}}',
        '{"method":"post","id":3,"request":{"type":"action","payload":{"type":"dance"}}}',
    ],
)
async def test_what_cannot_be_read_is_quoted_and_the_connection_stays(world: World, frame: str) -> None:
    async with socket(world) as client:
        await client.link.send(frame)
        text = (await client.hear("error"))["data"]
        assert text == f"Error parsing JSON into valid websocket request: {frame}"
        await client.say("ping")
        assert await client.hear() == {"channel": "pong"}


@pytest.mark.parametrize("wrong", [{"coin": "NOPE"}, {"coin": "btc"}, {"coin": "BTC", "nSigFigs": 9}])
async def test_a_bad_name_is_an_error_by_default(world: World, wrong: dict[str, Any]) -> None:
    async with socket(world) as client:
        await client.subscribe("l2Book", **wrong)
        assert (await client.hear())["data"].startswith("Invalid subscription {")


async def test_a_strict_venue_hangs_up_on_a_bad_name_without_a_word() -> None:
    strict = msgspec.structs.replace(QUICK, hang_up_on_bad_names=True)
    async with running(settings=strict) as world, socket(world) as client:
        await client.subscribe("l2Book", coin="NOPE")
        with pytest.raises(ConnectionClosed) as closed:
            await client.hear()
        assert closed.value.rcvd is None  # no close frame: code 1006


async def test_a_strict_venue_takes_ten_connections_and_two_thousand_messages_of_one_address() -> None:
    async with running(settings=msgspec.structs.replace(QUICK, rate_limits=True)) as world, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(socket(world)) for _ in range(10)]
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(socket(world))
        assert refused.value.response.status_code == 429
        for _ in range(2_300):
            await clients[0].say("ping")
        pongs = 0
        while (answer := await clients[0].hear())["channel"] == "pong":
            pongs += 1
        assert 2_000 <= pongs < 2_300
        assert answer["data"] == "Cannot send more than 2000 messages per minute."


async def test_a_strict_venue_weighs_a_batch_by_its_size() -> None:
    batch = {"type": "cancel", "cancels": [{"a": 0, "o": oid} for oid in range(800)]}
    body = json.dumps({"action": batch, "nonce": 1, "signature": {"r": "0x1", "s": "0x1", "v": 27}}).encode()
    async with running(settings=msgspec.structs.replace(QUICK, rate_limits=True)) as world:
        taken = 0
        while (await post(world, "exchange", body)).status_code == 200:
            taken += 1
        assert 1_200 // 21 <= taken < 80  # a batch of 800 weighs 21, and the minute's 1,200 come back while it runs


async def test_an_answer_to_a_question_can_be_made_late(world: World) -> None:
    world.break_with(FaultKind.DELAY, "meta", seconds=0.2)
    began = asyncio.get_running_loop().time()
    await world.info(type="meta")
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_who_hears_nothing_is_cut_off() -> None:
    async with running(settings=msgspec.structs.replace(QUICK, idle_cut_s=0.2)) as world, socket(world) as client:
        with pytest.raises(ConnectionClosed):
            await client.hear()


async def test_the_first_candle_comes_however_long_the_engine_takes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending: list[weakref.ref[asyncio.Future[list[wire.CandleShape]]]] = []

    def slow(_request: object) -> asyncio.Future[list[wire.CandleShape]]:
        future: asyncio.Future[list[wire.CandleShape]] = asyncio.get_running_loop().create_future()
        pending.append(weakref.ref(future))
        return future

    monkeypatch.setattr(world.venue.info, "candles", slow)
    async with socket(world) as client:
        await client.subscribe("candle", coin="ETH", interval="1m")
        await client.hear("subscriptionResponse")
        gc.collect()  # what nobody holds is gone
        waited_for = pending[0]()
        assert waited_for is not None
        prices = dict.fromkeys(("o", "h", "l", "c", "v"), "1.0")
        waited_for.set_result([wire.CandleShape(t=0, T=59_999, s="ETH", i="1m", n=1, **prices)])
        assert (await client.hear("candle"))["data"]["s"] == "ETH"


class Deaf:
    """A connection whose other end reads nothing."""

    peer = ""
    unsent_bytes = 0
    cut = False

    def write(self, frame: bytes) -> None:
        self.unsent_bytes += len(frame)

    def hang_up(self) -> None:
        self.cut = True


async def test_who_asks_without_reading_is_cut_off(world: World) -> None:
    deaf = Deaf()
    session = StreamSession(world.venue.streams, deaf)  # type: ignore[arg-type] - what is needed of a connection
    nonsense = b"x" * 100_000
    for _ in range(PRIVATE_BUFFER_BYTES // 100):
        session.received(nonsense)
    assert deaf.cut
    assert deaf.unsent_bytes < PRIVATE_BUFFER_BYTES + 1_000


async def test_a_post_is_answered_under_its_id(world: World) -> None:
    async with socket(world) as client:
        await client.say("post", id=9, request={"type": "info", "payload": {"type": "l2Book", "coin": "BTC"}})
        data = (await client.hear("post"))["data"]
        assert data["id"] == 9
        assert data["response"]["payload"]["type"] == "l2Book"
        assert data["response"]["payload"]["data"]["coin"] == "BTC"
        unsigned = {
            "action": {"type": "noop"},
            "nonce": world.venue.now_ms(),
            "signature": {"r": "0x1", "s": "0x1", "v": 27},
        }
        await client.say("post", id=10, request={"type": "action", "payload": unsigned})
        response = (await client.hear("post"))["data"]["response"]
        assert response["type"] == "action"
        assert response["payload"]["status"] == "err"
        assert response["payload"]["response"].startswith("User or API Wallet 0x")


async def test_a_strict_venue_refuses_the_post_after_a_hundred_by_its_id() -> None:
    slow = {"type": "info", "payload": {"type": "meta"}}
    async with running(settings=msgspec.structs.replace(QUICK, rate_limits=True)) as world, socket(world) as client:
        world.break_with(FaultKind.DELAY, "meta", seconds=1.0, count=100)
        for number in range(101):
            await client.say("post", id=number, request=slow)
        assert (await client.hear())["data"] == "Too many pending post requests id=100"
        assert {(await client.hear("post"))["data"]["id"] for _ in range(100)} == {*range(100)}
        await client.say("post", id=101, request=slow)
        assert (await client.hear())["data"]["id"] == 101


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.REFUSE])
async def test_a_question_by_websocket_meets_its_fault_too(world: World, kind: FaultKind) -> None:
    world.break_with(kind, "meta", text="not now")
    async with socket(world) as client:
        await client.say("post", id=1, request={"type": "info", "payload": {"type": "meta"}})
        if kind is FaultKind.DROP:
            with pytest.raises(ConnectionClosed):
                await client.hear()
        else:
            assert (await client.hear())["data"]["response"] == {"type": "error", "payload": "not now"}


async def test_no_more_than_ten_users_are_tracked_on_one_connection(world: World) -> None:
    async with socket(world) as client:
        for digit in range(11):
            await client.subscribe("orderUpdates", user="0x" + f"{digit:040x}")
        assert (await client.hear("error"))["data"] == "Cannot track more than 10 total users."


async def test_fast_books_have_five_levels_and_say_so(world: World) -> None:
    for level in range(3, 9):
        await world.quote("BTC", Side.BUY, 100_000 - 10 * level, 1.0)
    async with socket(world) as client:
        await client.subscribe("l2Book", coin="BTC", fast=True)
        book = (await client.hear("l2Book"))["data"]
        assert (len(book["levels"][0]), book["fast"]) == (5, True)


async def test_best_prices_are_pushed_only_when_they_change(world: World) -> None:
    async with socket(world) as client:
        await client.subscribe("bbo", coin="BTC")
        await client.hear("bbo")
        await world.quote("BTC", Side.BUY, 99_000, 1.0)
        await world.quote("BTC", Side.BUY, 99_995, 1.0)
        assert (await client.hear("bbo"))["data"]["bbo"][0]["px"] == "99995.0"


async def test_best_prices_that_changed_as_somebody_joined_reach_who_was_there(world: World) -> None:
    async with socket(world) as first, socket(world) as second:
        await first.subscribe("bbo", coin="BTC")
        await first.hear("bbo")
        quote = asyncio.create_task(world.quote("BTC", Side.BUY, 99_995, 1.0))
        market = world.venue.mirror.market("BTC")
        assert market is not None
        await eventually(lambda: "99995" in str(market.best()))
        await second.subscribe("bbo", coin="BTC")  # before the beat that tells of the change, or after it
        assert (await second.hear("bbo"))["data"]["bbo"][0]["px"] == "99995.0"
        assert (await first.hear("bbo"))["data"]["bbo"][0]["px"] == "99995.0"
        await quote


CONTEXT = {"funding", "openInterest", "prevDayPx", "dayNtlVlm", "premium", "oraclePx", "markPx", "midPx"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("webData3", {"userState", "perpDexStates"}),
        ("twapStates", {"dex", "user", "states"}),
        ("allDexsClearinghouseState", {"user", "clearinghouseStates"}),
        ("userHistoricalOrders", {"isSnapshot", "user", "orderHistory"}),
        ("userTwapHistory", {"isSnapshot", "user", "history"}),
        ("userTwapSliceFills", {"isSnapshot", "user", "twapSliceFills"}),
        ("userFundings", {"isSnapshot", "user", "fundings"}),
        ("userNonFundingLedgerUpdates", {"isSnapshot", "user", "nonFundingLedgerUpdates"}),
    ],
)
async def test_a_stream_about_a_user_begins_with_how_things_are(world: World, kind: str, fields: set[str]) -> None:
    async with socket(world) as client:
        await client.subscribe(kind, user=ALICE.upper().replace("0X", "0x"))
        data = (await client.hear(kind))["data"]
        assert data.keys() == fields
        assert ALICE in (data.get("user"), data.get("userState", {}).get("user"))


async def test_contexts_of_all_assets_come_in_the_order_of_their_universe(world: World) -> None:
    async with socket(world) as client:
        await client.subscribe("allDexsAssetCtxs")
        (entry,) = (await client.hear("allDexsAssetCtxs"))["data"]["ctxs"]
        assert (entry[0], [each["markPx"] for each in entry[1]]) == ("", ["100000.0", "2000.0", "0.012"])
        assert entry[1][0].keys() >= CONTEXT
        await client.subscribe("assetCtxs")
        assert (await client.hear("assetCtxs"))["data"] == {"dex": "", "ctxs": entry[1]}
        await client.subscribe("spotAssetCtxs")
        assert [each["coin"] for each in (await client.hear("spotAssetCtxs"))["data"]] == ["PURR/USDC", "@1"]


@pytest.mark.parametrize("kind", ["allMids", "assetCtxs"])
async def test_there_is_one_dex(world: World, kind: str) -> None:
    async with socket(world) as client:
        await client.subscribe(kind, dex="other")
        assert (await client.hear())["data"].startswith("Invalid subscription {")
        await client.subscribe(kind, dex="")
        assert (await client.hear())["data"]["subscription"] == {"type": kind, "dex": ""}


async def test_a_client_that_never_reads_costs_a_bounded_amount_and_holds_nobody_up(world: World) -> None:
    for level in range(3, 23):
        await world.quote("BTC", Side.BUY, 100_000 - 10 * level, 1.0)
    async with connect(f"ws://127.0.0.1:{world.port}/ws", compression=None, max_queue=1) as stalled:
        for coin in ("BTC", "ETH", "kPEPE", "@1"):
            for fast in (True, False):
                subscription = {"type": "l2Book", "coin": coin, "fast": fast}
                await stalled.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        async with socket(world) as client:
            await client.subscribe("l2Book", coin="BTC")
            for _ in range(5):
                await client.hear("l2Book")
        unsent = max(session._connection.unsent_bytes for session in world.venue.streams._sessions)
        assert unsent < 1 << 20
        stalled.transport.abort()


def test_strict_settings_are_the_live_venues() -> None:
    from net.hyperliquid.venue.config import VenueConfig

    strict = VenueSettings.of(VenueConfig(strict=True))
    assert (strict.hang_up_on_bad_names, strict.rate_limits) == (True, True)
    assert (strict.cadences.whole_book, strict.cadences.fast_book) == (5.4, 0.54)

"""Unchanged ccxt and ccxt.pro against our venue: each test reads like one of their examples."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from hl_waiting import eventually
from venue_world import ALICE, ALICE_KEY, World, in_thread, running

ccxt: Any = pytest.importorskip("ccxt", reason="needs the extra hyperliquid-clients")
ccxt_async: Any = pytest.importorskip("ccxt.async_support")
ccxt_pro: Any = pytest.importorskip("ccxt.pro")

# The clients leave sockets and sessions to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ETH, PURR = "ETH/USDC:USDC", "PURR/USDC"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running(ALICE) as world:
        await world.quotes()
        yield world


def settings(url: str) -> dict[str, Any]:
    """The only change that a program needs: where the venue is."""
    urls = {"public": url, "private": url, "ws": {"public": "ws" + url[4:] + "/ws"}}
    return {"walletAddress": ALICE, "privateKey": ALICE_KEY, "enableRateLimit": False, "urls": {"api": urls}}


@contextmanager
def blocking(url: str, *, sandbox: bool = False) -> Iterator[Any]:
    exchange = ccxt.hyperliquid(settings(url))
    if sandbox:
        exchange.urls["test"] = exchange.urls["api"]
        exchange.set_sandbox_mode(True)
    try:
        yield exchange
    finally:
        exchange.session.close()


@asynccontextmanager
async def opened(exchange: Any) -> AsyncIterator[Any]:
    try:
        yield exchange
    finally:
        await exchange.close()


async def test_markets_are_loaded_with_their_precision(world: World) -> None:
    def example() -> None:
        with blocking(world.url) as exchange:
            markets = exchange.load_markets()
        assert set(markets) == {"BTC/USDC:USDC", ETH, "KPEPE/USDC:USDC", PURR, "HYPE/USDC"}
        assert markets["BTC/USDC:USDC"]["precision"] == {"amount": 1e-05, "price": 1.0}
        assert markets[PURR]["precision"]["amount"] == 1.0
        assert (markets[ETH]["id"], markets[ETH]["swap"], markets[PURR]["spot"]) == ("1", True, True)

    await in_thread(example)


async def test_public_data(world: World) -> None:
    def example() -> None:
        with blocking(world.url) as exchange:
            book = exchange.fetch_order_book(ETH)
            assert (book["bids"][0], book["asks"][0]) == ([1999.0, 10.0], [2001.0, 10.0])
            assert exchange.fetch_ticker(ETH)["last"] == 2000.0
            assert exchange.fetch_tickers()["HYPE/USDC"]["last"] == 25.0
            assert exchange.fetch_status()["status"] == "ok"
            exchange.create_order(ETH, "market", "buy", 0.2, 2000)
            (candle,) = exchange.fetch_ohlcv(ETH, "1m")
            assert candle[1:] == [2001.0, 2001.0, 2001.0, 2001.0, 0.2]

    await in_thread(example)


@pytest.mark.parametrize("sandbox", [False, True])
async def test_an_order_from_placing_to_cancel_on_either_chain(world: World, sandbox: bool) -> None:
    def example() -> None:
        with blocking(world.url, sandbox=sandbox) as exchange:
            order = exchange.create_order(ETH, "limit", "buy", 0.2, 1900, {"timeInForce": "Gtc"})
            assert exchange.fetch_order(order["id"], ETH)["status"] == "open"
            edited = exchange.edit_order(order["id"], ETH, "limit", "buy", 0.3, 1905)
            (shown,) = exchange.fetch_open_orders(ETH)
            assert (shown["id"], shown["price"], shown["amount"]) == (edited["id"], 1905.0, 0.3)
            exchange.cancel_order(shown["id"], ETH)
            assert exchange.fetch_open_orders(ETH) == []
            canceled = [each["status"] for each in exchange.fetch_canceled_orders(ETH)]
            assert canceled == ["canceled", "canceled"]
            with pytest.raises(ccxt.OrderNotFound):
                exchange.cancel_order(shown["id"], ETH)

    await in_thread(example)


async def test_a_position_from_opening_to_closing(world: World) -> None:
    def example() -> None:
        with blocking(world.url) as exchange:
            exchange.set_leverage(5, ETH, {"marginMode": "cross"})
            exchange.create_order(ETH, "market", "buy", 0.5, 2000)
            (position,) = exchange.fetch_positions([ETH])
            assert (position["contracts"], position["side"], position["leverage"]) == (0.5, "long", 5)
            assert position["initialMargin"] == pytest.approx(200.1)
            balance = exchange.fetch_balance()["USDC"]
            assert balance["total"] == pytest.approx(100_000 - 0.450225)
            exchange.create_order(ETH, "market", "sell", 0.5, 2000, {"reduceOnly": True})
            assert exchange.fetch_positions([ETH]) == []
            bought, sold = exchange.fetch_my_trades(ETH)
            assert (bought["side"], bought["price"], bought["takerOrMaker"]) == ("buy", 2001.0, "taker")
            assert (sold["side"], sold["fee"]["cost"]) == ("sell", pytest.approx(0.449775))
            assert exchange.fetch_trading_fee(ETH)["taker"] == 0.00045

    await in_thread(example)


async def test_spot_from_its_own_wallet(world: World) -> None:
    def example() -> None:
        with blocking(world.url) as exchange:
            exchange.create_order(PURR, "limit", "buy", 100, 0.19)
            balance = exchange.fetch_balance({"type": "spot"})
            assert balance["USDC"] == {"free": 99981.0, "used": 19.0, "total": 100000.0}
            exchange.create_order(PURR, "market", "buy", 50, 0.2)
            assert exchange.fetch_balance({"type": "spot"})["PURR"]["total"] == 50.0
            exchange.transfer("USDC", 500, "spot", "swap")
            assert exchange.fetch_balance()["USDC"]["total"] == 100_500.0

    await in_thread(example)


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (("limit", "buy", 0.001, 1900), "InvalidOrder"),
        (("limit", "buy", 10_000, 1900), "InsufficientFunds"),
        (("limit", "buy", 0.2, 2100, {"postOnly": True}), "InvalidOrder"),
        (("limit", "buy", 0.2, 1900, {"timeInForce": "Ioc"}), "InvalidOrder"),
        (("limit", "sell", 0.2, 1900, {"reduceOnly": True}), "InvalidOrder"),
        (("limit", "buy", 0.2, 300), "InvalidOrder"),
    ],
)
async def test_refusals_have_the_texts_that_ccxt_classifies(world: World, order: Any, error: str) -> None:
    def example() -> None:
        with blocking(world.url) as exchange, pytest.raises(getattr(ccxt, error)):
            exchange.create_order(ETH, *order)

    await in_thread(example)


async def test_batches_and_client_ids(world: World) -> None:
    def example() -> None:
        with blocking(world.url) as exchange:
            names = ["0x" + "c" * 32, "0x" + "d" * 32]
            limit = {"symbol": ETH, "type": "limit", "side": "buy", "amount": 0.2, "price": 1900}
            orders = exchange.create_orders([{**limit, "params": {"clientOrderId": name}} for name in names])
            assert len(orders) == 2
            assert exchange.fetch_order(None, ETH, {"clientOrderId": names[1]})["id"] == orders[1]["id"]
            exchange.cancel_orders([order["id"] for order in orders], ETH)
            assert exchange.fetch_open_orders(ETH) == []

    await in_thread(example)


async def test_whatever_else_ccxt_offers_is_answered(world: World) -> None:
    since = (int(time.time()) - 7_200) * 1_000
    calls: list[tuple[str, tuple[Any, ...]]] = [
        *[(f"fetch_{what}", ()) for what in ("currencies", "time", "funding_rates", "open_interests", "positions")],
        *[(f"fetch_{what}", (ETH,)) for what in ("closed_orders", "orders", "canceled_and_closed_orders", "position")],
        *[(f"fetch_{what}", (ETH,)) for what in ("funding_history", "funding_rate", "open_interest", "trades")],
        *[(f"fetch_{what}", ("USDC",)) for what in ("ledger", "deposits", "withdrawals")],
        ("fetch_funding_rate_history", (ETH, since)),
        ("cancel_all_orders_after", (60_000,)),
        ("set_margin_mode", ("isolated", ETH, {"leverage": 5})),
        ("add_margin", (ETH, 10)),
        ("reduce_margin", (ETH, 5)),
        ("withdraw", ("USDC", 20, "0x" + "12" * 20)),
        ("create_order", (ETH, "limit", "sell", 0.2, 1900, {"triggerPrice": 1950, "reduceOnly": True})),
        ("create_order", (ETH, "limit", "buy", 0.1, 1900, {"stopLoss": {"triggerPrice": 1800}})),
    ]

    def example() -> None:
        with blocking(world.url) as exchange:
            exchange.create_order(ETH, "market", "buy", 0.5, 2000)
            for name, arguments in calls:
                getattr(exchange, name)(*arguments)
            resting = exchange.create_order(ETH, "limit", "buy", 0.1, 1900)["id"]
            exchange.cancel_orders_for_symbols([{"id": resting, "symbol": ETH}])
            assert resting not in [order["id"] for order in exchange.fetch_open_orders(ETH)]

    await in_thread(example)


async def test_the_asynchronous_client(world: World) -> None:
    async with opened(ccxt_async.hyperliquid(settings(world.url))) as exchange:
        order = await exchange.create_order(ETH, "limit", "buy", 0.2, 1900)
        assert (await exchange.fetch_order(order["id"], ETH))["remaining"] == 0.2
        await exchange.cancel_order(order["id"], ETH)
        assert await exchange.fetch_open_orders(ETH) == []


async def test_the_streams_of_ccxt_pro(world: World) -> None:
    async with opened(ccxt_pro.hyperliquid(settings(world.url))) as exchange, asyncio.timeout(30):
        await exchange.load_markets()
        book = await exchange.watch_order_book(ETH)
        assert book["bids"][0] == [1999.0, 10.0]
        watched = {
            name: asyncio.ensure_future(getattr(exchange, f"watch_{name}")(*arguments))
            for name, arguments in {
                "trades": (ETH,),
                "orders": (ETH,),
                "my_trades": (ETH,),
                "ohlcv": (ETH, "1m"),
                "ticker": (ETH,),
            }.items()
        }
        await eventually(lambda: world.venue.streams.subscribed == 6)
        await exchange.create_order(ETH, "market", "buy", 0.5, 2000)
        (trade,) = await watched["trades"]
        assert (trade["price"], trade["amount"], trade["side"]) == (2001.0, 0.5, "buy")
        (order,) = await watched["orders"]
        assert (order["status"], order["filled"], order["remaining"]) == ("closed", 0.5, 0.0)
        (mine,) = await watched["my_trades"]
        assert mine["id"] == trade["id"]
        assert (await watched["ohlcv"])[-1][4] == 2001.0
        assert (await watched["ticker"])["symbol"] == ETH


async def test_ccxt_pro_watches_accounts_and_gives_streams_up(world: World) -> None:
    async with opened(ccxt_pro.hyperliquid(settings(world.url))) as exchange, asyncio.timeout(30):
        await exchange.create_order(ETH, "market", "buy", 0.5, 2000)
        assert (await exchange.watch_balance())["USDC"]["total"] == pytest.approx(100_000 - 0.450225)
        assert (await exchange.watch_positions())[0]["contracts"] == 0.5
        assert set(await exchange.watch_tickers()) == set(exchange.symbols)
        assert (await exchange.watch_order_book(PURR))["bids"][0] == [0.199, 100_000.0]
        before = world.venue.streams.subscribed
        assert await exchange.un_watch_order_book(PURR)
        assert await exchange.un_watch_tickers()
        assert world.venue.streams.subscribed == before - 2


async def test_orders_over_the_websocket(world: World) -> None:
    async with opened(ccxt_pro.hyperliquid(settings(world.url))) as exchange, asyncio.timeout(30):
        order = await exchange.create_order_ws(ETH, "limit", "buy", 0.2, 1900)
        assert (await exchange.fetch_order(order["id"], ETH))["status"] == "open"
        await exchange.edit_order_ws(order["id"], ETH, "limit", "buy", 0.3, 1905)
        (shown,) = await exchange.fetch_open_orders(ETH)
        await exchange.cancel_order_ws(shown["id"], ETH)
        assert await exchange.fetch_open_orders(ETH) == []

"""Whatever comes in is answered, and neither the connection nor anybody else's suffers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from gateway_world import World, running
from websockets.exceptions import ConnectionClosed

from net.gateway import SessionLimits

ORDER = '{"type":"add_order","symbol_id":1,"side":"buy","quantity":1,"price":99}'

MALFORMED = {
    "nothing": (b"", "invalid_json", None),
    "a NUL": (b"\x00", "invalid_json", None),
    "half an object": (b'{"type":"ping"', "invalid_json", None),
    "two objects": (b'{"type":"ping"}{"type":"ping"}', "invalid_json", None),
    "wrong UTF-8": (b'{"type":"ping","id":"\xff"}', "invalid_json", None),
    "half a surrogate": (b'{"type":"ping","id":"\\ud800"}', "invalid_json", None),
    "an array": (b"[]", "invalid_message", None),
    "10,000 brackets": (b"[" * 10_000, "invalid_message", None),
    "10,000 brackets inside": (b'{"type":"ping","x":' + b"[" * 10_000, "invalid_json", None),
    "no type": (b"{}", "invalid_message", "type"),
    "an unknown type": (b'{"type":"sell_everything"}', "invalid_message", "type"),
    "a server's type": (b'{"type":"hello"}', "invalid_message", "type"),
    "a missing field": (b'{"type":"add_order","symbol_id":1,"side":"buy"}', "invalid_message", "quantity"),
    "an unknown side": (ORDER.replace("buy", "hold").encode(), "invalid_message", "side"),
    "text for a number": (ORDER.replace('"quantity":1', '"quantity":"1"').encode(), "invalid_message", "quantity"),
    "true for a number": (ORDER.replace('"symbol_id":1', '"symbol_id":true').encode(), "invalid_message", "symbol_id"),
    "a negative quantity": (ORDER.replace('"quantity":1', '"quantity":-1').encode(), "invalid_message", "quantity"),
    "no quantity at all": (ORDER.replace('"quantity":1', '"quantity":0').encode(), "invalid_message", "quantity"),
    "NaN": (ORDER.replace('"price":99', '"price":NaN').encode(), "invalid_json", None),
    "Infinity": (ORDER.replace('"price":99', '"price":Infinity').encode(), "invalid_json", None),
    "1e999": (ORDER.replace('"price":99', '"price":1e999').encode(), "invalid_message", "price"),
    "4,000 digits": (
        ORDER.replace('"symbol_id":1', f'"symbol_id":{"9" * 4000}').encode(),
        "invalid_message",
        "symbol_id",
    ),
    "2**64": (ORDER.replace('"symbol_id":1', f'"symbol_id":{2**64}').encode(), "invalid_message", "symbol_id"),
    "a long name": (b'{"type":"agent_register","name":"%s"}' % (b"x" * 65), "invalid_message", "name"),
    "an id with a space": (b'{"type":"agent_register","agent_id":"a b"}', "invalid_message", "agent_id"),
    "too many quotes": (
        b'{"type":"mass_quote","symbol_id":1,"bids":[%s]}' % b",".join([b'{"price":1,"quantity":1}'] * 51),
        "invalid_message",
        "bids",
    ),
    "a wrong quote": (
        b'{"type":"mass_quote","symbol_id":1,"bids":[{"price":-1,"quantity":1}]}',
        "invalid_message",
        "bids[0].price",
    ),
    "a channel that is a number": (b'{"type":"subscribe","channels":["news",1]}', "invalid_message", "channels[1]"),
    "an unknown channel": (b'{"type":"subscribe","channels":["news","gossip"]}', "invalid_message", "channels[1]"),
    "a channel of no instrument": (b'{"type":"subscribe","channels":["trades:x"]}', "invalid_message", "channels[0]"),
    "a rate of 1000 Hz": (
        b'{"type":"subscribe","channels":["orderbooks"],"rate_hz":1000}',
        "invalid_message",
        "rate_hz",
    ),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One world for all of what must not harm it."""
    async with running(tmp_path_factory.mktemp("gateway")) as world:
        yield world


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("data", "code", "field"), MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("as_text", [True, False], ids=["text", "binary"])
async def test_it_is_answered_and_the_connection_kept(
    shared: World, data: bytes, code: str, field: str | None, as_text: bool
) -> None:
    client = await shared.connect()
    if as_text:
        await client.link.send(data, text=True)
    else:
        await client.send_raw(data)
    error = (await client.wait_for("error"))["data"]
    assert (error["code"], error["field"]) == (code, field)
    assert await client.settle() == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ORDER.replace("buy", "hold"), "side is buy or sell, not 'hold'"),
        (ORDER.replace("}", ',"orderType":"ICE"}'), "orderType is LIMIT, MARKET, STOP or STOP_LIMIT, not 'ICE'"),
        (
            '{"type":"agent_register","self_trade_prevention":"cancel_both"}',
            "self_trade_prevention is cancel_resting, cancel_taker or decrement, not 'cancel_both'",
        ),
    ],
)
async def test_a_word_that_is_none_of_the_choices_is_answered_with_them(shared: World, data: str, message: str) -> None:
    client = await shared.connect()
    await client.send_raw(data)
    assert (await client.wait_for("error"))["data"]["message"] == message


async def test_the_last_of_two_equal_keys_counts(world: World) -> None:
    client = await world.trader()
    await client.send_raw(ORDER.replace('"quantity":1', '"quantity":1,"quantity":2'))
    assert (await client.wait_for("order_response"))["data"]["leaves_quantity"] == 2.0


async def test_too_many_errors_end_the_connection_with_a_reason(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SessionLimits(max_errors=3)) as world:
        client = await world.connect()
        for _ in range(3):
            await client.send_raw("?")
        assert await client.closed() == (1008, "too many errors")


async def test_a_message_over_the_limit_ends_the_connection_and_no_other(world: World) -> None:
    big, other = await world.connect(), await world.connect()
    await big.send_raw(b'{"type":"ping","id":"%s"}' % (b"x" * (1 << 20)))
    error = (await big.wait_for("error"))["data"]
    assert (error["code"], "65536 bytes" in error["message"]) == ("invalid_message", True)
    assert (await big.closed())[0] == 1009
    assert await other.settle() == []


async def test_a_message_of_just_the_limit_is_read(world: World) -> None:
    client = await world.connect()
    head = b'{"type":"ping","id":"fit","x":"'
    await client.send_raw(head + b"x" * (65_536 - len(head) - 2) + b'"}')
    assert (await client.wait_for("pong"))["data"]["id"] == "fit"


async def test_a_message_in_many_fragments_is_one_message(world: World) -> None:
    client = await world.connect()
    await client.link.send([part.encode() for part in '{"type":"ping","id":"parts"}'])
    assert (await client.wait_for("pong"))["data"]["id"] == "parts"


async def test_endless_fragments_end_the_connection(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SessionLimits(max_fragments=10)) as world:
        client = await world.connect()
        with contextlib.suppress(ConnectionClosed):
            await client.link.send([b" "] * 50)
        assert (await client.closed())[0] == 1009


async def test_more_channels_than_permitted_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SessionLimits(max_channels=4)) as world:
        client = await world.connect()
        refused = await client.ask("subscribe", "error", channels=["trades:1", "trades:2"])
        assert (refused["data"]["code"], refused["data"]["field"]) == ("not_allowed", "channels")


async def test_too_many_orders_a_second_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SessionLimits(orders_per_second=5)) as world:
        client = await world.trader()
        codes = [(await client.order("buy", 1, 99.0))["code"] for _ in range(8)]
        assert codes[:5] == [None] * 5
        assert "rate_limited" in codes[5:]


@pytest.mark.parametrize(
    "text", ["\x1b]0;pwned\x07", "two\nlines", "c1 \x9b", "a line feed at the end\n", "nul \0", "\u202ekcab"]
)
async def test_control_characters_that_a_terminal_would_obey_are_refused(world: World, text: str) -> None:
    client = await world.connect()
    refused = (await client.ask("agent_register", "error", name=text))["data"]
    assert (refused["code"], refused["field"]) == ("invalid_message", "name")
    assert refused["message"] == "name must be free of control characters"
    await client.register("Bob")
    refused = (await client.ask("report_decision", "error", stage="llm", action=text))["data"]
    assert (refused["code"], refused["field"]) == ("invalid_message", "action")
    posted = await world.http.post("/api/news", json={"content": "x", "headline": text}, headers=world.admin)
    assert (posted.status_code, posted.json()["field"]) == (400, "headline")


async def test_an_account_id_has_no_line_feed_at_its_end(world: World) -> None:
    client = await world.connect()
    refused = (await client.ask("agent_register", "error", agent_id="bob\n"))["data"]
    assert (refused["code"], refused["field"]) == ("invalid_message", "agent_id")


async def test_too_many_orders_a_second_over_rest_are_refused_too(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SessionLimits(orders_per_second=5)) as world:
        token = (await (await world.connect()).register("Bob", agent_id="bob"))["token"]
        order = {"agent_id": "bob", "symbol_id": 1, "side": "buy", "quantity": 1, "price": 99.0}
        answers = [
            await world.http.post("/api/orders", json=order, headers={"Authorization": f"Bearer {token}"})
            for _ in range(8)
        ]
        assert [answer.status_code for answer in answers[:5]] == [201] * 5
        refused = answers[-1]
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from tiny_exchange import TinyExchange

from net.engine_clock import day_end
from net.engine_protocol import MAX_LINE_BYTES
from net.engine_server import EngineConfig, EngineServer, run_engine
from net.errors import StartupError

CLOCK_START = 1_000


class Clock:
    def __init__(self) -> None:
        self.now = CLOCK_START

    def __call__(self) -> int:
        return self.now


class Wire:
    """A raw connection: lines out, objects in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *requests: object) -> None:
        self.writer.write(b"".join(json.dumps(request).encode() + b"\n" for request in requests))

    async def receive(self) -> dict:
        return json.loads(await asyncio.wait_for(self.reader.readline(), 5))

    async def ask(self, request: object) -> dict:
        self.send(request)
        return await self.receive()


def add(request_id: int, price: int = 100, **fields: object) -> dict:
    order = {"action": "add", "account": "alice", "symbol_id": 1, "side": "buy", "qty": 5, "price": price, **fields}
    return {"action": "add", "id": request_id, "order": order}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[EngineServer]:
    async with EngineServer(TinyExchange(), None, clock, epoch="e1", queue_capacity=1_000) as server:
        yield server


@pytest.fixture
async def wire(server: EngineServer) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1 << 24)
    yield Wire(reader, writer)
    writer.close()
    await writer.wait_closed()


async def test_an_order_is_answered_with_its_id_and_state(wire: Wire) -> None:
    reply = await wire.ask(add(7))
    assert reply == {
        "type": "reply",
        "id": 7,
        "sequence": 2,
        "order_id": 1,
        "order_status": "WORKING",
        "leaves_qty": 5,
        "cum_qty": 0,
        "cum_notional": 0,
    }


async def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    wire.send(*(add(number) for number in range(900)))
    assert [(await wire.receive())["id"] for _ in range(900)] == list(range(900))


async def test_a_refusal_carries_code_message_and_field_and_is_not_numbered(wire: Wire) -> None:
    reply = await wire.ask(add(1, price=13))
    assert reply == {
        "type": "reply",
        "id": 1,
        "code": "price_out_of_band",
        "message": "13 is unlucky",
        "field": "price",
    }


@pytest.mark.parametrize(
    ("line", "request_id", "code"),
    [
        (b'{"action":"add","id":3,"order":{"account":"a"}}', 3, "invalid_message"),
        (b'{"action":"fly","id":4}', 4, "invalid_message"),
        (b'{"action":"ping"}', -1, "invalid_message"),
        (b'{"action":"ping","id":-5}', -5, "invalid_message"),
        (b'{"action":"cancel_after","id":9,"account":"a","seconds":1' + b"0" * 400 + b"}", 9, "invalid_message"),
    ],
    ids=["field missing", "unknown verb", "no id", "bad id", "huge number"],
)
async def test_a_malformed_line_is_answered_in_its_place_and_the_connection_is_kept(
    wire: Wire, line: bytes, request_id: int, code: str
) -> None:
    wire.send(add(1))
    wire.writer.write(line + b"\n")
    wire.send(add(2))
    first, second, third = [await wire.receive() for _ in range(3)]
    assert first["order_id"] == 1
    assert (second["id"], second["code"]) == (request_id, code)
    assert third["order_id"] == 2


@pytest.mark.parametrize(
    ("line", "request_id"),
    [
        (b"hello", -1),
        (b'{"action":"query","id":8,"what":"\xff"}', 8),
        (b'{"action":"ping","id":8,"x":' + b"[" * 100_000, -1),
    ],
    ids=["no json", "bad utf-8", "too deep"],
)
async def test_an_undecodable_line_is_answered_and_nothing_behind_it_is_done(
    server: EngineServer, wire: Wire, line: bytes, request_id: int
) -> None:
    wire.send(add(1))
    wire.writer.write(line + b"\n")
    wire.send(add(2))
    first, second = await wire.receive(), await wire.receive()
    assert first["order_id"] == 1
    assert (second["id"], second["code"]) == (request_id, "invalid_json")
    assert await wire.reader.read() == b""
    assert server.pipeline.stats().orders == 1


async def test_a_web_page_cannot_trade_through_the_engine_door(server: EngineServer) -> None:
    order = json.dumps(add(1)).encode() + b"\n"
    for begin in (b"POST / HTTP/1.1\r\nHost: 127.0.0.1:9999\r\n\r\n", b"\x16\x03\x01\x02\x00\n", b"\n", b" "):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(begin + order)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
    stats = server.pipeline.stats()
    assert (stats.orders, stats.commands) == (0, 0)


async def test_the_engine_listens_beyond_loopback_only_if_the_network_is_trusted() -> None:
    with pytest.raises(StartupError, match="--trust-network"):
        await run_engine(EngineConfig(host="192.0.2.1", port=0))


async def test_requests_may_arrive_byte_by_byte(wire: Wire) -> None:
    for byte in json.dumps(add(1)).encode() + b"\n":
        wire.writer.write(bytes([byte]))
        await wire.writer.drain()
    assert (await wire.receive())["order_id"] == 1


async def test_an_oversize_line_is_refused_and_ends_the_connection(wire: Wire) -> None:
    wire.writer.write(b"{" * (MAX_LINE_BYTES + 2))
    assert (await wire.receive())["code"] == "invalid_message"
    assert await wire.reader.read() == b""


async def test_a_full_queue_is_answered_at_once(wire: Wire) -> None:
    wire.send(*(add(number) for number in range(1_200)))
    replies = [await wire.receive() for _ in range(1_200)]
    refused = [reply["id"] for reply in replies if reply.get("code") == "queue_full"]
    done = [reply["id"] for reply in replies if "code" not in reply]
    assert done == sorted(done)
    assert sorted(done + refused) == list(range(1_200))
    stats = (await wire.ask({"action": "query", "id": 1, "what": "stats"}))["data"]
    assert stats["queue_full_count"] == len(refused)


async def test_a_query_sees_the_commands_sent_before_it(wire: Wire) -> None:
    wire.send(add(1), add(2), {"action": "query", "id": 3, "what": "orders", "account": "alice"})
    replies = [await wire.receive() for _ in range(3)]
    assert [order["order_id"] for order in replies[2]["data"]] == [1, 2]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"what": "depth"}, "invalid_message"),
        ({"what": "orders"}, "invalid_message"),
        ({"what": "depth", "symbol_id": 9}, "unknown_instrument"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(wire: Wire, question: dict, code: str) -> None:
    assert (await wire.ask({"action": "query", "id": 1, **question}))["code"] == code


async def test_a_subscriber_gets_every_event_once_in_order_past_ones_first(wire: Wire) -> None:
    await wire.ask(add(1))
    reply = await wire.ask({"action": "subscribe", "id": 2, "from_sequence": 1})
    assert (reply["epoch"], reply["sequence"]) == ("e1", 2)
    wire.send(add(3), add(4, price=13))
    lines = [await wire.receive() for _ in range(4)]
    batches = [line for line in lines if line["type"] == "events"]
    assert [batch["first_sequence"] for batch in batches] == [1, 3]
    assert [event["type"] for event in batches[1]["events"]] == ["order_accepted", "depth_changed"]
    assert {batch["epoch"] for batch in batches} == {"e1"}


@pytest.mark.parametrize("fields", [{"from_sequence": 0}, {"from_sequence": 4}, {"from_sequence": 1, "epoch": "e0"}])
async def test_events_that_are_not_there_are_refused(wire: Wire, fields: dict) -> None:
    await wire.ask(add(1))
    reply = await wire.ask({"action": "subscribe", "id": 2, **fields})
    assert reply["code"] == "unknown_outcome"


async def test_a_dead_mans_switch_is_armed_in_seconds_and_fires_by_itself(wire: Wire, clock: Clock) -> None:
    await wire.ask(add(1))
    reply = await wire.ask({"action": "cancel_after", "id": 2, "account": "alice", "seconds": 0.02})
    assert reply["deadline"] == CLOCK_START + 20_000_000
    await wire.ask({"action": "subscribe", "id": 3, "from_sequence": 4})
    clock.now = reply["deadline"]
    batch = await wire.receive()
    assert [event["type"] for event in batch["events"]] == ["order_canceled", "time_advanced"]
    assert batch["time"] == reply["deadline"]


async def test_what_is_due_happens_before_the_next_command(wire: Wire, clock: Clock) -> None:
    wire.send(add(1), {"action": "cancel_after", "id": 2, "account": "alice", "seconds": 1})
    await wire.receive()
    await wire.receive()
    clock.now += 2_000_000_000
    wire.send(
        {"action": "cancel", "id": 3, "order": {"action": "cancel", "account": "alice", "symbol_id": 1, "order_id": 1}}
    )
    assert (await wire.receive())["code"] == "unknown_order"


async def test_a_trading_day_ends_at_midnight_utc(wire: Wire, clock: Clock) -> None:
    await wire.ask(add(1))
    await wire.ask({"action": "subscribe", "id": 2, "from_sequence": 3})
    clock.now = day_end(clock.now)
    wire.send(add(3))
    await wire.receive()
    first, second = await wire.receive(), await wire.receive()
    assert [event["type"] for event in first["events"]] == ["day_ended"]
    assert first["time"] == clock.now
    assert second["events"][0]["type"] == "order_accepted"


async def test_time_never_goes_back_for_the_service(wire: Wire, clock: Clock) -> None:
    await wire.ask(add(1))
    clock.now -= 500
    assert (await wire.ask(add(2)))["order_id"] == 2


async def test_closing_answers_what_was_asked(server: EngineServer) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"".join(json.dumps(add(number)).encode() + b"\n" for number in range(500)))
    await reader.readline()
    await server.close()
    answered = (await reader.read()).splitlines()
    assert [json.loads(line)["id"] for line in answered] == list(range(1, 1 + len(answered)))
    writer.close()


async def test_a_port_in_use_is_one_clear_line(server: EngineServer) -> None:
    other = EngineServer(TinyExchange(), None, Clock(), port=server.port)
    with pytest.raises(StartupError, match=f"port {server.port} on 127.0.0.1 is in use"):
        await other.start()


async def test_a_subscriber_that_does_not_read_is_cut_off_and_holds_up_nobody(clock: Clock) -> None:
    exchange = TinyExchange()
    async with EngineServer(exchange, None, clock, epoch="e1", kept_events=2_000) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=4096)
        writer.write(b'{"action":"subscribe","id":1,"from_sequence":1}\n')
        await reader.readline()
        other = Wire(*await asyncio.open_connection(server.host, server.port, limit=1 << 24))
        done = 0
        while server.subscribers:
            other.send(*(add(number) for number in range(2_000)))
            for _ in range(2_000):
                await other.receive()
            done += 2_000
            assert done < 400_000, "never cut off"
        writer.close()
        other.writer.close()

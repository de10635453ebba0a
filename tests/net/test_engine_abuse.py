"""Clients that send anything, read nothing, or want everything: none ends the engine or holds up another."""

import asyncio
import json
import random
import string
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_exchange import TinyExchange

from engine import commands as c
from engine.instruments import Instrument
from engine.journal import Journal
from engine.oms import OrderManagementSystem
from engine.recovery import recover
from engine.types import Durability, Side
from net.engine_client import EngineClient
from net.engine_protocol import AnyRequest
from net.engine_server import EngineServer


def order(account: str = "alice") -> c.NewOrder:
    return c.NewOrder(account=account, symbol_id=1, side=Side.BUY, qty=5, price=100)


async def test_a_polite_client_is_served_before_the_backlog_of_a_greedy_one() -> None:
    async with EngineServer(TinyExchange(), None, count(1).__next__, epoch="e1") as server:
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=1 << 24)
        add = {"action": "add", "account": "a", "symbol_id": 1, "side": "buy", "qty": 1, "price": 5}
        line = json.dumps({"action": "add", "id": 1, "order": add}).encode() + b"\n"
        async with EngineClient(server.host, server.port, connections=1) as polite:
            writer.write(line * 20_000)
            await reader.readline()
            placed_before = server.pipeline.stats().orders
            reply = await polite.submit(order("polite"))
            assert reply.order_id is not None
            assert reply.order_id - placed_before < 3_000, "it waited behind the greedy one's backlog"
        writer.transport.abort()


async def test_a_peer_that_reads_no_answers_is_not_answered_without_bound_and_is_cut_off() -> None:
    exchange = TinyExchange()
    async with (
        EngineServer(exchange, None, count(1).__next__, epoch="e1", stall_cut_s=0.5) as server,
        EngineClient(server.host, server.port, connections=1, max_connections=1) as client,
    ):
        await asyncio.gather(*(client.submit(order()) for _ in range(2_000)))
        one_answer = len(msgspec.json.encode(exchange.orders("alice")))
        _, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
        question = b'{"action":"query","id":1,"what":"orders","account":"alice"}\n'
        writer.write(question * 1_000)
        most = 0
        async with asyncio.timeout(20):
            while server.connections < 2:
                await client.stats()
            while server.connections > 1:
                assert (await client.submit(order("bob"))).code is None
                most = max(most, server.buffered_bytes)
        assert one_answer < most < 10 * one_answer, "answers pile up"
        writer.transport.abort()


async def test_who_ends_its_side_after_asking_is_answered_and_then_closed(tmp_path: Path) -> None:
    async with EngineServer(TinyExchange(), None, count(1).__next__, epoch="e1") as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b'{"action":"ping","id":1}\n' * 3)
        writer.write_eof()
        assert (await asyncio.wait_for(reader.read(), 5)).count(b"\n") == 3
        writer.close()
        idle_reader, idle_writer = await asyncio.open_connection(server.host, server.port)
        idle_writer.write_eof()
        assert await asyncio.wait_for(idle_reader.read(), 5) == b""
        idle_writer.close()


async def test_connections_that_come_and_go_leave_nothing_behind() -> None:
    async with EngineServer(TinyExchange(), None, count(1).__next__, epoch="e1") as server:
        for number in range(100):
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b'{"action":"subscribe","id":1,"from_sequence":1}\n' + b'{"action":"end_day","id":2}\n' * 50)
            if number % 2:
                await reader.readline()
            writer.transport.abort()
        async with EngineClient(server.host, server.port, connections=1) as client:
            await client.submit(order())
            async with asyncio.timeout(20):
                while server.connections > 1 or server.subscribers:
                    await client.stats()
            assert (await client.stats()).queue_size == 0


# --- anything at all, to the real exchange ------------------------------------------------------------------------

integers = st.one_of(
    st.integers(-3, 10),
    st.sampled_from([2**31, 2**53, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 2**64, 10**30, -(10**30)]),
)
names = st.one_of(st.sampled_from(["alice", "bob", "", "exchange", "x" * 300, "\x00", "\u202e🙂"]), st.text(max_size=5))


def _strategy(kind: msgspec.inspect.Type) -> st.SearchStrategy[object]:
    inspect = msgspec.inspect
    match kind:
        case inspect.IntType():
            return integers
        case inspect.StrType():
            return names
        case inspect.FloatType():
            return st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.just(1e300), integers)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType():
            return st.sampled_from([member.value for member in kind.cls])
        case inspect.UnionType():
            return st.one_of(*(_strategy(one) for one in kind.types))
        case inspect.DictType():
            return st.dictionaries(integers.map(str), _strategy(kind.value_type), max_size=3)
        case inspect.VarTupleType() | inspect.ListType():
            return st.lists(_strategy(kind.item_type), max_size=3)
        case inspect.StructType():
            fields = {field.encode_name: _strategy(field.type) for field in kind.fields}
            if kind.array_like:
                return st.tuples(*fields.values())
            tag = {} if kind.tag is None else {kind.tag_field: st.just(kind.tag)}
            required = {field.encode_name for field in kind.fields if field.required}
            return st.fixed_dictionaries(
                tag | {name: fields[name] for name in fields if name in required},
                optional={name: fields[name] for name in fields if name not in required},
            )
    return st.none()


def _shapes() -> st.SearchStrategy[object]:
    union = msgspec.inspect.type_info(AnyRequest)
    assert isinstance(union, msgspec.inspect.UnionType)
    return st.one_of(*(_strategy(one) for one in union.types))


requests = _shapes().map(lambda request: json.dumps(request).encode())
lines = st.one_of(
    requests,
    st.binary(max_size=60).map(lambda data: data.replace(b"\n", b" ")),
    st.text(string.printable, max_size=60).map(lambda text: text.replace("\n", " ").encode()),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(batch=st.lists(requests, min_size=5, max_size=60), last=lines, seed=st.integers(0, 2**16))
def test_whatever_is_sent_each_line_is_answered_and_the_journal_can_be_replayed(
    tmp_path_factory: pytest.TempPathFactory, batch: list[bytes], last: bytes, seed: int
) -> None:
    asyncio.run(_send_anything(tmp_path_factory.mktemp("data"), [*batch, last], random.Random(seed)))


async def _send_anything(data_dir: Path, batch: list[bytes], rng: random.Random) -> None:
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e1", boot_id="boot")
    service, _ = recover(journal, OrderManagementSystem)
    failures: list[BaseException] = []
    ticks = count(10**18, 10**9)
    server = EngineServer(service, journal, ticks.__next__, on_failure=failures.append)
    server.pipeline.seed(
        [
            c.AddInstrument(instrument=Instrument(symbol_id=1, ticker="ACME", initial_price=100)),
            c.OpenAccount(account="alice", cash=10**12, positions={1: 100}),
            c.OpenAccount(account="bob", cash=10**12, positions={1: 100}),
        ]
    )
    await server.start()
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1 << 24)
    batch = [b'{"action":"ping","id":0}', *batch]  # the first byte tells a client of ours from others
    payload = b"".join(line + b"\n" for line in batch)
    while payload:
        size = rng.randrange(1, 4_000)
        writer.write(payload[:size])
        payload = payload[size:]
    asked = sum(1 for line in batch if line.strip())
    answers = 0
    while answers < asked:
        line = json.loads(await asyncio.wait_for(reader.readline(), 20))
        answers += line["type"] == "reply"
        assert line.get("code") != "internal_error", (line, batch)
    assert not failures
    writer.close()
    await server.close()
    state_hash = service.state_hash()
    journal.close(clean=False)
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e2", boot_id="boot")
    again, _ = recover(journal, OrderManagementSystem)
    journal.close(clean=True)
    assert again.state_hash() == state_hash

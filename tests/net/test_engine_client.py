import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from tiny_exchange import ACME, TinyExchange

from engine import commands as c
from engine.types import OrderStatus, RejectCode, Side
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.errors import EngineUnavailable, EventsLost, RequestRefused, UnknownOutcome


def order(account: str = "alice", price: int = 100, client_order_id: str | None = None) -> c.NewOrder:
    return c.NewOrder(account=account, symbol_id=1, side=Side.BUY, qty=5, price=price, client_order_id=client_order_id)


@pytest.fixture
async def server() -> AsyncIterator[EngineServer]:
    async with EngineServer(TinyExchange(), None, count(1).__next__, epoch="e1") as server:
        yield server


@pytest.fixture
async def client(server: EngineServer) -> AsyncIterator[EngineClient]:
    async with EngineClient(server.host, server.port) as client:
        yield client


class SilentServer:
    """Accepts connections, keeps what they send, and answers nothing until told to hang up."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.something = asyncio.Event()
        self.connected = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "SilentServer":
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.connected.set()
        while data := await reader.read(65536):
            self.received += data
            self.something.set()
        writer.close()

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    async def __aexit__(self, *_: object) -> None:
        self.hang_up()
        self.server.close()
        await self.server.wait_closed()


async def test_an_order_is_placed_and_canceled(client: EngineClient) -> None:
    placed = await client.submit(order())
    assert (placed.order_id, placed.order_status, placed.leaves_qty) == (1, OrderStatus.WORKING, 5)
    canceled = await client.submit(c.CancelOrder(account="alice", symbol_id=1, order_id=1))
    assert (canceled.order_id, canceled.order_status, canceled.leaves_qty) == (1, OrderStatus.CANCELED, 0)


async def test_a_refused_command_is_a_reply_with_a_code(client: EngineClient) -> None:
    assert (await client.submit(order(price=13))).code is RejectCode.PRICE_OUT_OF_BAND


async def test_an_order_sent_twice_is_placed_once_and_answered_alike(client: EngineClient) -> None:
    first = await client.submit(order(client_order_id="x"))
    again = await client.submit(order(client_order_id="x"))
    assert (again.order_id, again.order_status, again.leaves_qty) == (first.order_id, OrderStatus.WORKING, 5)
    assert (first.duplicate, again.duplicate, again.code) == (False, True, None)


async def test_a_thousand_requests_at_once_are_each_given_their_own_answer(client: EngineClient) -> None:
    accounts = [f"a{number % 7}" for number in range(1_000)]
    replies = await asyncio.gather(*(client.submit(order(account)) for account in accounts))
    assert sorted(reply.order_id or 0 for reply in replies) == list(range(1, 1_001))
    for account in set(accounts):
        mine = {reply.order_id for name, reply in zip(accounts, replies, strict=True) if name == account}
        assert mine == {view.order_id for view in await client.orders(account)}


async def test_commands_of_one_account_keep_their_order_though_the_pool_grows(server: EngineServer) -> None:
    async with EngineClient(server.host, server.port, connections=1, max_in_flight=4) as client:
        ids: list[int | None] = []
        for _ in range(50):
            replies = await asyncio.gather(*(client.submit(order("alice")) for _ in range(20)))
            ids += [reply.order_id for reply in replies]
        assert ids == sorted(ids, key=lambda order_id: order_id or 0)


async def test_queries_give_typed_views(client: EngineClient) -> None:
    assert await client.instruments() == [ACME]
    assert await client.accounts() == []
    assert await client.fills("alice") == []
    assert await client.trades(1) == []
    assert await client.candles(1, 60_000_000_000) == []
    assert await client.news() == []
    assert len(await client.state_hash()) == 32
    depth = await client.depth(1)
    assert depth is not None
    assert depth.symbol_id == 1
    assert await client.depth(9) is None
    assert (await client.stats()).epoch == "e1"


async def test_a_question_the_engine_cannot_answer_raises(client: EngineClient) -> None:
    with pytest.raises(RequestRefused) as refused:
        await client.trades(None)  # type: ignore[arg-type]
    assert refused.value.code is RejectCode.INVALID_MESSAGE


async def test_a_snapshot_and_the_events_after_it_miss_nothing(client: EngineClient) -> None:
    await client.submit(order())
    snapshot = await client.snapshot()
    assert (snapshot.epoch, snapshot.sequence) == ("e1", 2)
    assert snapshot.instruments == (ACME,)
    await client.submit(order())
    batch = await anext(client.events(snapshot.sequence + 1, snapshot.epoch))
    assert (batch.first_sequence, len(batch.events)) == (3, 2)


async def test_without_an_engine_nothing_is_sent(unused_port: int) -> None:
    async with EngineClient("127.0.0.1", unused_port) as client:
        assert not client.connected
        with pytest.raises(EngineUnavailable):
            await client.submit(order())
        with pytest.raises(EngineUnavailable):
            await client.instruments()


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_a_request_whose_link_dies_has_an_unknown_outcome(unused_port: int) -> None:
    async with SilentServer() as server, EngineClient("127.0.0.1", server.port) as client:
        request = asyncio.ensure_future(client.submit(order()))
        await server.something.wait()
        server.hang_up()
        with pytest.raises(UnknownOutcome):
            await request
        assert b'"action":"add"' in server.received


async def test_a_request_that_is_not_answered_in_time_has_an_unknown_outcome() -> None:
    async with SilentServer() as server, EngineClient("127.0.0.1", server.port, deadline_s=0.05) as client:
        with pytest.raises(UnknownOutcome, match=r"within 0\.05 s"):
            await client.submit(order())


async def test_a_question_that_is_not_answered_is_only_unavailable() -> None:
    async with SilentServer() as server, EngineClient("127.0.0.1", server.port, deadline_s=0.05) as client:
        with pytest.raises(EngineUnavailable):
            await client.instruments()


async def test_the_client_reconnects_by_itself_and_says_so() -> None:
    exchange = TinyExchange()
    changes: asyncio.Queue[bool] = asyncio.Queue()
    first = EngineServer(exchange, None, count(1).__next__, epoch="e1")
    await first.start()
    async with EngineClient(first.host, first.port, on_connected=changes.put_nowait) as client:
        assert await changes.get() is True
        await client.submit(order())
        await first.close()
        assert await changes.get() is False
        async with EngineServer(exchange, None, count(1_000_000).__next__, port=first.port, epoch="e1"):
            assert await changes.get() is True
            assert (await client.submit(order())).order_id == 2


async def test_the_event_stream_goes_on_after_a_restart_of_the_same_journal() -> None:
    exchange = TinyExchange()
    async with EngineServer(exchange, None, count(1).__next__, epoch="e1") as first:
        client = EngineClient(first.host, first.port)
        await client.start()
        events = client.events(1)
        await client.submit(order())
        assert (await anext(events)).first_sequence == 1
    async with EngineServer(exchange, None, count(1_000_000).__next__, port=first.port, epoch="e1"):
        waiting = asyncio.ensure_future(anext(events))
        await client.wait_connected()
        await client.submit(order())
        assert (await waiting).first_sequence == 3
        await events.aclose()
        await client.close()


async def test_the_event_stream_ends_when_the_epoch_is_another() -> None:
    exchange = TinyExchange()
    async with EngineServer(exchange, None, count(1).__next__, epoch="e1") as first:
        client = EngineClient(first.host, first.port)
        await client.start()
        events = client.events(1)
        await client.submit(order())
        await anext(events)
    async with EngineServer(TinyExchange(), None, count(1).__next__, port=first.port, epoch="e2"):
        with pytest.raises(EventsLost):
            await anext(events)
        await client.close()


async def test_events_that_are_no_longer_kept_are_lost() -> None:
    async with (
        EngineServer(TinyExchange(), None, count(1).__next__, epoch="e1", kept_events=4) as server,
        EngineClient(server.host, server.port) as client,
    ):
        for _ in range(5):
            await client.submit(order())
        with pytest.raises(EventsLost):
            await anext(client.events(1))


async def test_the_pool_grows_under_load_and_shrinks_when_idle(server: EngineServer) -> None:
    async with EngineClient(
        server.host, server.port, connections=1, max_connections=3, max_in_flight=2, quiet_s=0.02, idle_close_s=0.2
    ) as client:
        async with asyncio.timeout(10):
            while client.links < 3:
                await asyncio.gather(*(client.submit(order(f"a{number}")) for number in range(50)))
            while client.links > 1:  # noqa: ASYNC110 - the pool tells nobody when it shrinks
                await asyncio.sleep(0.01)
        assert client.connected


async def test_a_link_that_answers_no_ping_is_replaced() -> None:
    async with (
        SilentServer() as server,
        EngineClient("127.0.0.1", server.port, connections=1, deadline_s=0.05, quiet_s=0.02) as client,
        asyncio.timeout(10),
    ):
        assert client.connected
        while len(server.writers) < 3:
            server.connected.clear()
            await server.connected.wait()


@pytest.mark.parametrize("served", [0, 1], ids=["none is served", "one is served"])
async def test_an_engine_that_takes_links_and_drops_them_is_not_besieged(
    server: EngineServer, monkeypatch: pytest.MonkeyPatch, served: int
) -> None:
    monkeypatch.setattr("net.engine_server.MAX_CONNECTIONS", served)
    taken = 0

    def count_one(event: str, *_: object, **__: object) -> None:
        nonlocal taken
        taken += event == "connection refused"

    monkeypatch.setattr("net.engine_server.log.warning", count_one)
    async with EngineClient(server.host, server.port, connections=2) as client:
        if served:
            assert (await client.submit(order())).code is None
        await asyncio.sleep(1)  # the time in which the links are counted
        if served:
            assert (await client.submit(order())).code is None
    assert 1 <= taken < 30


async def test_too_many_requests_are_refused_and_not_piled_up() -> None:
    async with (
        SilentServer() as server,
        EngineClient(
            "127.0.0.1", server.port, connections=1, max_connections=1, max_in_flight=2, deadline_s=0.1
        ) as client,
    ):
        results = await asyncio.gather(*(client.submit(order(f"a{n}")) for n in range(50)), return_exceptions=True)
        refused = [result for result in results if not isinstance(result, Exception)]
        assert len(refused) == 50 - 16
        assert {reply.code for reply in refused} == {RejectCode.QUEUE_FULL}


def test_server_and_client_work_on_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def ask() -> int | None:
        async with (
            EngineServer(TinyExchange(), None, count(1).__next__, epoch="e1") as server,
            EngineClient(server.host, server.port) as client,
        ):
            return (await client.submit(order())).order_id

    assert uvloop.run(ask()) == 1


async def test_a_stream_that_was_only_connecting_ends_with_its_client(server: EngineServer) -> None:
    client = EngineClient("127.0.0.1", server.port)
    await client.start()

    async def read() -> list[object]:
        return [batch async for batch in client.events(1)]

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)  # on its way to the engine
    await client.close()
    assert await asyncio.wait_for(reading, 10) == []

"""The engine process as others see it: killed under load, stopped in order, and refusing to start."""

import asyncio
import json
import os
import random
import resource
import signal
import socket
from collections import Counter
from pathlib import Path

import pytest
from engine_process import EngineProcess, engine_process

from engine.commands import NewOrder
from engine.oms import OrderManagementSystem
from engine.recovery import replay, verify
from engine.types import Side
from net.engine_client import EngineClient
from net.engine_protocol import Reply
from net.errors import NotConnected, UnknownOutcome

ROUNDS = 4 * int(os.environ.get("TORTURE", "1"))


def order(name: str, rng: random.Random) -> NewOrder:
    side = rng.choice(list(Side))
    account = "alice" if side is Side.BUY else "bob"
    price = 10_000 + rng.randrange(-3, 4)
    return NewOrder(account=account, symbol_id=1, side=side, qty=1, price=price, client_order_id=name)


class Load:
    """Many clients at once, each sending one order after another, until the engine is killed after so many answers."""

    def __init__(self, client: EngineClient, engine: EngineProcess, kill_after: int) -> None:
        self.client = client
        self.engine = engine
        self.kill_after = kill_after
        self.sent: dict[str, NewOrder] = {}
        self.answered: dict[str, Reply] = {}
        self.unknown = 0

    async def run(self, name: str, rng: random.Random) -> None:
        await asyncio.gather(*(self.trade(f"{name}-{trader}", rng) for trader in range(40)))

    async def trade(self, name: str, rng: random.Random) -> None:
        for number in range(1_000):
            sent = order(f"{name}-{number}", rng)
            assert sent.client_order_id is not None
            self.sent[sent.client_order_id] = sent
            try:
                self.answered[sent.client_order_id] = await self.client.submit(sent)
            except NotConnected:
                return
            except UnknownOutcome:
                self.unknown += 1
                return
            if len(self.answered) == self.kill_after:
                self.engine.process.kill()


@pytest.mark.parametrize("durability", ["process", "power"])
async def test_what_was_acknowledged_survives_kill_9_and_nothing_happens_twice(tmp_path: Path, durability: str) -> None:
    rng = random.Random(3)
    answered: dict[str, Reply] = {}
    sent: dict[str, NewOrder] = {}
    unknown = 0
    for round_number in range(ROUNDS):
        async with engine_process(tmp_path, durability) as engine:
            await engine.ready()
            async with EngineClient(engine.host, engine.port) as client:
                load = Load(client, engine, kill_after=rng.randrange(1, 500))
                await load.run(f"r{round_number}", rng)
                answered |= load.answered
                sent |= load.sent
                unknown += load.unknown
    assert unknown > ROUNDS
    async with engine_process(tmp_path, durability) as engine:
        await engine.ready()
        async with EngineClient(engine.host, engine.port, max_in_flight=100_000) as client:
            replies = await asyncio.gather(*(client.submit(again) for again in sent.values()))
    settled = dict(zip(sent, replies, strict=True))
    for name, reply in answered.items():
        assert (reply.code, settled[name].order_id, settled[name].duplicate) == (None, reply.order_id, True)
        assert (settled[name].order_status, settled[name].cum_qty) == (reply.order_status, reply.cum_qty)
    placed = Counter(command.client_order_id for _, command in replay(tmp_path) if isinstance(command, NewOrder))
    assert placed == Counter(sent.keys())
    assert verify(tmp_path, OrderManagementSystem).ok


async def stop_by_end_of_stdin(engine: EngineProcess) -> None:
    assert engine.process.stdin is not None
    engine.process.stdin.close()


async def stop_by_sigterm(engine: EngineProcess) -> None:
    engine.process.send_signal(signal.SIGTERM)


async def stop_by_sigint(engine: EngineProcess) -> None:
    engine.process.send_signal(signal.SIGINT)


async def stop_by_sighup(engine: EngineProcess) -> None:
    engine.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("stop", [stop_by_end_of_stdin, stop_by_sigterm, stop_by_sigint, stop_by_sighup])
async def test_an_engine_stops_in_order(tmp_path: Path, stop: object) -> None:
    async with engine_process(tmp_path) as engine:
        ready = await engine.ready()
        assert ready.ready == "engine"
        async with EngineClient(engine.host, engine.port) as client:
            await client.submit(order("a", random.Random(1)))
            await stop(engine)  # type: ignore[operator]
            assert await asyncio.wait_for(engine.process.wait(), 10) == 0
        assert await engine.process.stderr.read() == b""  # type: ignore[union-attr]
    found = verify(tmp_path, OrderManagementSystem)
    assert (found.ok, found.commands, found.marks) == (True, 4, 1)
    log = [json.loads(line) for line in (tmp_path / "logs" / "engine.log").read_text().splitlines()]
    assert [entry["event"] for entry in log] == ["recovered", "serving", "stopping", "state kept"]


async def refusal(engine: EngineProcess) -> str:
    assert engine.process.stderr is not None
    assert engine.process.stdout is not None
    assert await asyncio.wait_for(engine.process.wait(), 20) == 1
    assert await engine.process.stdout.read() == b""
    return (await engine.process.stderr.read()).decode()


async def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with engine_process(tmp_path, port=port) as engine:
            line = await refusal(engine)
    assert line == f"tradesim: port {port} on 127.0.0.1 is in use; choose another with --engine-port\n"


@pytest.mark.parametrize("first_keeps", ["process", "none"])
@pytest.mark.parametrize("second_keeps", ["process", "none"])
async def test_a_second_engine_on_the_same_data_is_one_line(
    tmp_path: Path, first_keeps: str, second_keeps: str
) -> None:
    async with engine_process(tmp_path, first_keeps) as first:
        await first.ready()
        async with engine_process(tmp_path, second_keeps) as second:
            assert await refusal(second) == (
                f"tradesim: the data directory {tmp_path} is in use by another engine: "
                "end that one, or choose another --data-dir\n"
            )


async def test_an_engine_that_keeps_nothing_leaves_no_journal_out(tmp_path: Path) -> None:
    async with engine_process(tmp_path) as engine:
        await engine.ready()
    async with engine_process(tmp_path, "none") as engine:
        assert await refusal(engine) == (
            f"tradesim: {tmp_path} has a journal, which --durability none would leave out: "
            "choose another --data-dir, or start without --durability none\n"
        )


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process's files")
@pytest.mark.parametrize("durability", ["process", "power"])
async def test_an_engine_that_cannot_write_its_journal_ends_in_one_line_and_a_start_goes_on(
    tmp_path: Path, durability: str
) -> None:
    async with engine_process(tmp_path, durability) as engine:
        await engine.ready()
        async with EngineClient(engine.host, engine.port, deadline_s=5) as client:
            await client.submit(order("a", random.Random(1)))
            resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            with pytest.raises(UnknownOutcome):
                await client.submit(order("b", random.Random(1)))
        assert await asyncio.wait_for(engine.process.wait(), 20) == 1
        assert engine.process.stderr is not None
        line = (await engine.process.stderr.read()).decode()
    assert line.startswith(f"tradesim: the journal can no longer be written ({tmp_path}/journal.sqlite: ")
    assert line.count("\n") == 1
    async with engine_process(tmp_path, durability) as engine:
        await engine.ready()
        async with EngineClient(engine.host, engine.port) as client:
            assert {view.client_order_id for view in await client.orders("alice")} >= {"a"}


async def test_a_damaged_journal_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"not a database at all" * 300)
    async with engine_process(tmp_path) as engine:
        line = await refusal(engine)
    assert line.startswith(f"tradesim: {tmp_path}/journal.sqlite is damaged")
    assert line.count("\n") == 1


async def test_a_loss_is_told_where_the_engine_says_that_it_serves(tmp_path: Path) -> None:
    async with engine_process(tmp_path) as engine:
        assert (await engine.ready()).note == ""
        await engine.kill()
    (tmp_path / "journal.sqlite-wal").write_bytes(b"")
    async with engine_process(tmp_path) as engine:
        note = (await engine.ready()).note
    assert "journal.sqlite-wal is gone or empty" in note
    assert note.endswith("a new epoch began")


async def test_a_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with engine_process(tmp_path / "file" / "data") as engine:
        line = await refusal(engine)
    assert line.startswith(f"tradesim: the data directory {tmp_path}/file/data cannot be written to")
    assert line.count("\n") == 1

"""Nothing leaves the engine before it is in the journal, and everything that left is there after a restart."""

import asyncio
import threading
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from tiny_exchange import TinyExchange

from engine import commands as c
from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.journal_format import Group
from engine.recovery import recover, replay
from engine.types import Durability, RejectCode, Side
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.errors import StartupError, UnknownOutcome


class GatedJournal(Journal):
    """A journal on a disk that waits until the test says so."""

    gate: threading.Event
    broken = False

    def write(self, group: Group) -> None:
        self.gate.wait(5)
        if self.broken:
            raise JournalError("the disk is full")
        super().write(group)


def open_gated(data_dir: Path, durability: Durability = Durability.POWER) -> tuple[GatedJournal, TinyExchange]:
    journal = GatedJournal.open(data_dir, durability, new_epoch="e1", boot_id="boot")
    assert isinstance(journal, GatedJournal)
    journal.gate = threading.Event()
    journal.gate.set()
    service, _ = recover(journal, TinyExchange)
    assert isinstance(service, TinyExchange)
    return journal, service


@pytest.fixture
async def gated(tmp_path: Path) -> AsyncIterator[tuple[EngineServer, GatedJournal, list[BaseException]]]:
    journal, service = open_gated(tmp_path)
    failures: list[BaseException] = []
    server = EngineServer(service, journal, count(1).__next__, on_failure=failures.append)
    await server.start()
    yield server, journal, failures
    journal.gate.set()
    await server.close()
    journal.close(clean=not failures)


def order(price: int = 100, client_order_id: str | None = None) -> c.NewOrder:
    return c.NewOrder(account="alice", symbol_id=1, side=Side.BUY, qty=5, price=price, client_order_id=client_order_id)


async def turns(number: int = 50) -> None:
    """Let the loop go round, so that whatever could be said would have been."""
    for _ in range(number):
        await asyncio.sleep(0.001)


async def test_neither_answers_nor_events_leave_before_the_commit(
    gated: tuple[EngineServer, GatedJournal, list[BaseException]],
) -> None:
    server, journal, _ = gated
    async with EngineClient(server.host, server.port) as client:
        events = client.events(1)
        first_batch = asyncio.ensure_future(anext(events))
        while not server.subscribers:
            await turns(1)
        journal.gate.clear()
        reply = asyncio.ensure_future(client.submit(order()))
        question = asyncio.ensure_future(client.orders("alice"))
        await turns()
        assert not reply.done()
        assert not question.done(), "an answer told of an order that is not durable"
        assert not first_batch.done()
        journal.gate.set()
        assert (await reply).order_id == 1
        assert len(await question) == 1
        assert (await first_batch).first_sequence == 1
        await events.aclose()


async def test_a_duplicate_is_not_answered_before_its_original_is_durable(
    gated: tuple[EngineServer, GatedJournal, list[BaseException]],
) -> None:
    server, journal, _ = gated
    async with (
        EngineClient(server.host, server.port) as client,
        EngineClient(server.host, server.port) as other,
    ):
        journal.gate.clear()
        first = asyncio.ensure_future(client.submit(order(client_order_id="x")))
        await turns(10)
        second = asyncio.ensure_future(other.submit(order(client_order_id="x")))
        await turns()
        assert not first.done()
        assert not second.done()
        journal.gate.set()
        assert ((await first).order_id, (await first).duplicate) == (1, False)
        assert ((await second).order_id, (await second).duplicate) == (1, True)


async def test_commands_that_come_during_a_commit_share_the_next_one(
    gated: tuple[EngineServer, GatedJournal, list[BaseException]], tmp_path: Path
) -> None:
    server, journal, _ = gated
    async with EngineClient(server.host, server.port) as client:
        journal.gate.clear()
        replies = []
        for _ in range(40):
            replies.append(asyncio.ensure_future(client.submit(order())))
            await turns(1)
        journal.gate.set()
        assert [(await reply).order_id for reply in replies] == list(range(1, 41))
    groups = list(journal.reader.groups())
    assert sum(group.count for group in groups) == 40
    assert len(groups) <= 4


async def test_after_a_failed_commit_nothing_is_acknowledged_any_more(
    gated: tuple[EngineServer, GatedJournal, list[BaseException]],
) -> None:
    server, journal, failures = gated
    async with (
        EngineClient(server.host, server.port) as client,
        EngineClient(server.host, server.port, deadline_s=0.5) as hasty,
    ):
        await client.submit(order())
        journal.broken = True
        with pytest.raises(UnknownOutcome):
            await hasty.submit(order())
        assert [str(failure) for failure in failures] == ["the disk is full"]
        journal.broken = False
        with pytest.raises(UnknownOutcome):
            await hasty.submit(order())


@pytest.mark.parametrize("durability", [Durability.PROCESS, Durability.POWER])
async def test_orders_answers_and_numbers_survive_a_restart(tmp_path: Path, durability: Durability) -> None:
    journal, service = open_gated(tmp_path, durability)
    async with (
        EngineServer(service, journal, count(1).__next__) as server,
        EngineClient(server.host, server.port) as client,
    ):
        first = await client.submit(order(client_order_id="x"))
        await client.submit(order())
        sequence, state_hash = (await client.stats()).sequence, await client.state_hash()
        epoch = (await client.stats()).epoch
    journal.close(clean=False)

    journal, service = open_gated(tmp_path, durability)
    async with (
        EngineServer(service, journal, count(1_000_000).__next__) as server,
        EngineClient(server.host, server.port) as client,
    ):
        stats = await client.stats()
        assert (stats.sequence, stats.epoch, stats.durability) == (sequence, epoch, durability)
        assert await client.state_hash() == state_hash
        again = await client.submit(order(client_order_id="x"))
        assert (again.order_id, again.duplicate) == (first.order_id, True)
        assert (await client.submit(order())).order_id == 3
    journal.close(clean=True)


async def test_refused_commands_are_not_journaled(tmp_path: Path) -> None:
    journal, service = open_gated(tmp_path, Durability.PROCESS)
    async with (
        EngineServer(service, journal, count(1).__next__) as server,
        EngineClient(server.host, server.port) as client,
    ):
        await client.submit(order(price=13))
        await client.submit(order(client_order_id="x"))
        await client.submit(order(client_order_id="x"))
        huge = await client.submit(order(price=2**70))
        assert huge.code is RejectCode.INVALID_MESSAGE
    journal.close(clean=True)
    assert [command for _, command in replay(tmp_path)] == [order(client_order_id="x")]


async def test_a_bug_in_the_service_is_answered_and_ends_the_engine_before_it_can_spread(tmp_path: Path) -> None:
    journal, service = open_gated(tmp_path, Durability.PROCESS)
    failures: list[BaseException] = []
    server = EngineServer(service, journal, count(1).__next__, on_failure=failures.append)
    await server.start()
    async with (
        EngineClient(server.host, server.port) as client,
        EngineClient(server.host, server.port, deadline_s=0.2) as hasty,
    ):
        replies = await asyncio.gather(client.submit(order()), client.submit(order(price=99)))
        assert [reply.code for reply in replies] == [None, RejectCode.INTERNAL_ERROR]
        assert isinstance(failures[0], ZeroDivisionError)
        with pytest.raises(UnknownOutcome):
            await hasty.submit(order())
    await server.close()
    journal.close(clean=False)
    assert [command for _, command in replay(tmp_path)] == [order()]


async def test_an_orderly_stop_keeps_the_state_so_that_the_next_start_replays_nothing(tmp_path: Path) -> None:
    journal, service = open_gated(tmp_path, Durability.PROCESS)
    async with (
        EngineServer(service, journal, count(1).__next__) as server,
        EngineClient(server.host, server.port) as client,
    ):
        for _ in range(10):
            await client.submit(order())
    journal.close(clean=True)
    journal = Journal.open(tmp_path, Durability.PROCESS, new_epoch="e2", boot_id="boot")
    _, recovery = recover(journal, TinyExchange)
    assert (recovery.commands, recovery.replayed) == (10, 0)
    journal.close(clean=True)


async def test_who_cannot_bind_still_leaves_a_whole_journal(tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    journal, service = open_gated(tmp_path)
    server = EngineServer(service, journal, count(1).__next__, port=port)
    journal.gate.clear()
    server.pipeline.seed([order()])
    with pytest.raises(StartupError, match="in use"):
        await server.start()
    asyncio.get_running_loop().call_later(0.05, journal.gate.set)
    await server.close()
    journal.close(clean=True)
    taken.close()
    assert [command for _, command in replay(tmp_path)] == [order()]
    journal, service = open_gated(tmp_path)
    assert service.working
    journal.close(clean=True)


async def test_a_state_is_kept_while_commands_go_on(tmp_path: Path) -> None:
    journal, service = open_gated(tmp_path, Durability.PROCESS)
    async with EngineServer(service, journal, count(1).__next__) as server:
        async with EngineClient(server.host, server.port, connections=1) as client:
            await client.submit(order(100))
            keeping = asyncio.create_task(server.pipeline.keep_snapshot())
            await asyncio.sleep(0)
            await client.submit(order(101))
            await keeping
            assert journal.since_snapshot == 1
        (kept,) = journal.reader.snapshots()
        assert kept.number == 1
    journal.close(clean=True)
    again, service = open_gated(tmp_path, Durability.PROCESS)
    assert len(service.working) == 2
    again.close(clean=True)

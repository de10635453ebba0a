"""What happened just before an engine died is told to those who had not heard of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.commands import AddInstrument, AnyCommand, NewOrder, OpenAccount
from engine.events import AnyEvent
from engine.instruments import Instrument
from engine.journal import Journal
from engine.oms import OrderManagementSystem
from engine.recovery import recover
from engine.types import Durability, Side
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.errors import EventsLost

COMMANDS: list[AnyCommand] = [
    AddInstrument(instrument=Instrument(symbol_id=0, ticker="ACME", initial_price=10_000)),
    OpenAccount(account="bob", cash=10**15),
    *(NewOrder(account="bob", symbol_id=1, side=Side.BUY, qty=1, price=9_900 + step) for step in range(5)),
    NewOrder(account="nobody", symbol_id=1, side=Side.BUY, qty=1, price=9_900),
]


def died(data_dir: Path) -> list[list[AnyEvent]]:
    """Leave a journal as a killed engine does; the events of its commands."""
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e1", boot_id="boot")
    service, _ = recover(journal, OrderManagementSystem)
    events = []
    for command in COMMANDS:
        before = service.sequence
        done = service.submit(command, 1_000)
        if service.sequence != before:
            journal.writer.append(1_000, command)
            events.append(done)
    journal.commit(service.sequence)
    journal.close(clean=False)
    return events


async def test_events_before_the_death_can_be_subscribed_to_after_it(tmp_path: Path) -> None:
    events = died(tmp_path)
    journal = Journal.open(tmp_path, Durability.PROCESS, new_epoch="e2", boot_id="boot")
    past: list[tuple[int, list[AnyEvent]]] = []
    service, recovery = recover(journal, OrderManagementSystem, lambda now, done: past.append((now, done)))
    assert recovery.replayed == len(events)
    server = EngineServer(service, journal, time.time_ns, past=past)
    async with server, EngineClient("127.0.0.1", server.port) as client:
        snapshot = await client.snapshot()
        assert (snapshot.epoch, snapshot.oldest_event) == ("e1", 1)
        told: list[AnyEvent] = []
        async for batch in client.events(1, "e1"):
            told.extend(batch.events)
            if batch.first_sequence + len(batch.events) > snapshot.sequence:
                break
    assert told == [event for done in events for event in done]
    journal.close(clean=True)


async def test_without_the_past_they_are_lost(tmp_path: Path) -> None:
    died(tmp_path)
    journal = Journal.open(tmp_path, Durability.PROCESS, new_epoch="e2", boot_id="boot")
    service, _ = recover(journal, OrderManagementSystem)
    server = EngineServer(service, journal, time.time_ns)
    async with server, EngineClient("127.0.0.1", server.port) as client:
        with pytest.raises(EventsLost):
            await anext(client.events(1, "e1"))
    journal.close(clean=True)

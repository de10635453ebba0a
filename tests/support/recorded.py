"""Data directories with a small recorded session."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.commands import AddInstrument, AnyCommand, OpenAccount
from engine.instruments import Instrument
from engine.journal import Journal
from engine.journal_files import boot_id
from engine.oms import OrderManagementSystem
from engine.recovery import recover
from engine.types import Durability

COMMANDS = 40


def stopped(data_dir: Path) -> Path:
    """One that was stopped in order."""
    _record(data_dir).close(clean=True)
    return data_dir


def killed(data_dir: Path) -> Path:
    """One as ``kill -9`` leaves it: its last commands are in the log alone."""
    origin = data_dir.with_name(f"{data_dir.name}-origin")
    journal = _record(origin)
    shutil.copytree(origin, data_dir)
    journal.close(clean=False)
    shutil.rmtree(origin)
    return data_dir


def _record(data_dir: Path) -> Journal:
    data_dir.mkdir(parents=True, exist_ok=True)
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e1", boot_id=boot_id())
    service, _ = recover(journal, OrderManagementSystem)
    listing = AddInstrument(instrument=Instrument(symbol_id=1, ticker="ACME", initial_price=10_000))
    accounts = [OpenAccount(account=f"a{number}", cash=10**9) for number in range(1, COMMANDS)]
    commands: list[AnyCommand] = [listing, *accounts]
    for number, command in enumerate(commands, start=1):
        journal.writer.append(number, command)
        service.submit(command, number)
        journal.commit(service.sequence)
    return journal

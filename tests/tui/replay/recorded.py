"""A small recorded session: two companies, a maker and a taker, a person at a console, two headlines, ten minutes."""

from __future__ import annotations

from pathlib import Path

from engine.commands import AddInstrument, AnyCommand, NewOrder, OpenAccount, PublishNews
from engine.instruments import Instrument
from engine.journal import Journal
from engine.journal_format import GENESIS
from engine.oms import OrderManagementSystem
from engine.types import CASH_SCALE, Durability, Side

NS = 1_000_000_000
START = 1_790_000_000 * NS  # 2026-09-21 14:13:20 UTC
ROUNDS = 100
CAPITAL = 1_000_000 * CASH_SCALE


def commands() -> list[tuple[int, AnyCommand]]:
    """Commands with their times: 7 at once, then three every six seconds, with headlines in rounds 20 and 60."""
    told: list[tuple[int, AnyCommand]] = [
        (START, AddInstrument(instrument=Instrument(symbol_id=1, ticker="ACME", initial_price=10_000))),
        (START, AddInstrument(instrument=Instrument(symbol_id=2, ticker="BETA", initial_price=5_000))),
        (START, OpenAccount(account="m", name="maker", cash=CAPITAL, positions={1: 5_000})),
        (START, OpenAccount(account="t", name="taker", cash=CAPITAL)),
        (START, OpenAccount(account="p", name="you", personality="human", cash=CAPITAL)),
        (START, NewOrder(account="p", symbol_id=1, side=Side.BUY, qty=3, price=9_990)),
        (START, NewOrder(account="p", symbol_id=1, side=Side.BUY, qty=2, price=10_000)),
    ]
    for round_ in range(ROUNDS):
        now = START + (round_ + 1) * 6 * NS
        price = 10_001 + round_ % 5
        told.append((now, NewOrder(account="m", symbol_id=1, side=Side.SELL, qty=4, price=price)))
        if round_ in (20, 60):
            told.append((now + NS, PublishNews(headline=f"ACME makes news in round {round_}", symbol_id=1)))
        told.append((now + 2 * NS, NewOrder(account="t", symbol_id=1, side=Side.BUY, qty=1, price=9_980)))
        told.append((now + 3 * NS, NewOrder(account="t", symbol_id=1, side=Side.BUY, qty=4, price=price)))
        if round_ == 50:
            told.append((now + 4 * NS, NewOrder(account="m", symbol_id=1, side=Side.SELL, qty=1, price=10_000)))
    return told


LAST = 7 + 3 * ROUNDS + 3
FIRST_TRADE = 10


def record(data_dir: Path) -> Path:
    """Write the session as an engine does that was then stopped."""
    data_dir.mkdir(exist_ok=True)
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e1", boot_id="boot")
    journal.begin(0, GENESIS)
    service = OrderManagementSystem()
    for number, (now, command) in enumerate(commands(), start=1):
        journal.writer.append(now, command)
        service.submit(command, now)
        if number % 5 == 0:
            journal.commit(service.sequence)
    journal.commit(service.sequence)
    journal.close(clean=True)
    return data_dir


def state_after(number: int) -> str:
    """The hash that the first commands lead to."""
    service = OrderManagementSystem()
    for now, command in commands()[:number]:
        service.submit(command, now)
    return service.state_hash()

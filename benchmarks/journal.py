"""What the journal costs: commands a second by group size and durability, replay, and a snapshot of the state.

python benchmarks/journal.py [--commands 200000]
"""

from __future__ import annotations

import argparse
import platform
import random
import tempfile
import time
from pathlib import Path

from engine.commands import AccountLimits, AddInstrument, AnyCommand, CancelOrder, NewOrder, OpenAccount
from engine.instruments import Instrument
from engine.journal import Journal
from engine.oms import OrderManagementSystem
from engine.recovery import recover, replay
from engine.types import Durability, Side

ACCOUNTS = 200


def market(count: int) -> list[AnyCommand]:
    """Set-up, then limit orders near the mid, half of them canceled later."""
    rng = random.Random(5)
    limits = AccountLimits(max_working_orders=None)
    commands: list[AnyCommand] = [AddInstrument(instrument=Instrument(symbol_id=1, ticker="X", initial_price=10_000))]
    commands += [
        OpenAccount(account=f"a{n}", cash=10**15, positions={1: 100_000}, limits=limits) for n in range(ACCOUNTS)
    ]
    live: list[tuple[str, str]] = []
    for number in range(count - len(commands)):
        if len(live) > 1_000 and rng.random() < 0.5:
            account, name = live.pop(rng.randrange(len(live)))
            commands.append(CancelOrder(account=account, symbol_id=1, client_order_id=name))
            continue
        account, name, side = f"a{rng.randrange(ACCOUNTS)}", f"o{number}", rng.choice((Side.BUY, Side.SELL))
        away = int(rng.expovariate(0.05)) + 1
        price = 10_000 - away if side is Side.BUY else 10_000 + away
        live.append((account, name))
        commands.append(NewOrder(account=account, symbol_id=1, side=side, qty=10, price=price, client_order_id=name))
    return commands


def open_journal(data_dir: Path, durability: Durability) -> Journal:
    journal = Journal.open(data_dir, durability, new_epoch="e", boot_id="b")
    recover(journal, OrderManagementSystem)
    return journal


def write(commands: list[AnyCommand], durability: Durability, group: int, limit_s: float) -> None:
    with tempfile.TemporaryDirectory() as directory:
        journal = open_journal(Path(directory), durability)
        commits, done = [], 0
        append = journal.writer.append
        start = time.perf_counter()
        for first in range(0, len(commands), group):
            for command in commands[first : first + group]:
                append(first, command)
            before = time.perf_counter()
            journal.commit(first)
            commits.append(time.perf_counter() - before)
            done += min(group, len(commands) - first)
            if journal.checkpoint_due:
                journal.checkpoint()
            if time.perf_counter() - start > limit_s:
                break
        seconds = time.perf_counter() - start
        journal.close(clean=False)
        size = sum(file.stat().st_size for file in Path(directory).glob("journal*"))
    commits.sort()
    p50, p99 = commits[len(commits) // 2], commits[len(commits) * 99 // 100]
    print(
        f"{durability.value:8} group {group:5}: {done / seconds:10,.0f} commands/s, commit p50 {p50 * 1e6:6.0f} µs, "
        f"p99 {p99 * 1e6:6.0f} µs, {size / done:4.0f} bytes a command"
    )


def read(commands: list[AnyCommand]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        journal = open_journal(Path(directory), Durability.PROCESS)
        service = OrderManagementSystem()
        for now, command in enumerate(commands):
            journal.writer.append(now, command)
            service.submit(command, now)
            if now % 256 == 255:
                journal.commit(service.sequence)
        journal.commit(service.sequence)
        start = time.perf_counter()
        count = sum(1 for _ in replay(Path(directory)))
        seconds = time.perf_counter() - start
        print(f"read and check: {count / seconds:,.0f} commands/s")
        journal.close(clean=False)
        start = time.perf_counter()
        journal = Journal.open(Path(directory), Durability.PROCESS, new_epoch="e", boot_id="b")
        _, recovery = recover(journal, OrderManagementSystem)
        seconds = time.perf_counter() - start
        print(f"start from nothing: {recovery.replayed:,} commands in {seconds:.2f} s")
        start = time.perf_counter()
        state = service.snapshot_state()
        journal.snapshot(service.sequence, len(commands), state)
        seconds = time.perf_counter() - start
        print(f"snapshot: {len(state) / 1e6:.2f} MB in {seconds * 1e3:.1f} ms")
        journal.close(clean=True)
        start = time.perf_counter()
        journal = Journal.open(Path(directory), Durability.PROCESS, new_epoch="e", boot_id="b")
        recover(journal, OrderManagementSystem)
        print(f"start from the snapshot: {time.perf_counter() - start:.3f} s")
        journal.close(clean=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, default=200_000)
    parser.add_argument("--limit", type=float, default=3.0, help="seconds for each line")
    args = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    commands = market(args.commands)
    for durability in (Durability.PROCESS, Durability.POWER):
        for group in (1, 10, 100, 1_000):
            write(commands, durability, group, args.limit)
    read(commands)


if __name__ == "__main__":
    main()

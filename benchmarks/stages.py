"""What a request costs the engine, stage by stage: CPU time, in one process, without sockets.

``python -m benchmarks.stages [--orders N] [--slice N]``; ``benchmarks.tcp`` prints the same beside the whole. Requests
go through the engine's own steps a slice at a time, as under load, each step for the whole slice at once, so that the
clock is read so seldom that it costs nothing.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import engine
from benchmarks.load_orders import market, orders
from benchmarks.machine import machine
from engine.journal import Journal
from engine.oms import OrderManagementSystem
from engine.recovery import recover
from engine.types import Durability
from net.engine_answers import answer
from net.engine_commit import Outbox
from net.engine_connection import decode_block
from net.engine_stats import EngineCounts
from net.event_ring import EventRing

SLICE = 256


class Laps:
    """CPU time by name."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}
        self._last = time.process_time_ns()

    def start(self) -> None:
        self._last = time.process_time_ns()

    def lap(self, name: str) -> None:
        """Book the time since the last lap."""
        now = time.process_time_ns()
        self.spent[name] = self.spent.get(name, 0) + now - self._last
        self._last = now


def stages(lines: Sequence[bytes], durability: Durability, slice_: int = SLICE) -> dict[str, float]:
    """Microseconds of CPU a request by stage, in the order of a request's way."""
    laps, now = Laps(), 10**18
    with tempfile.TemporaryDirectory() as data_dir:
        journal = Journal.open(Path(data_dir), durability, new_epoch="e", boot_id="b")
        service, _ = recover(journal, OrderManagementSystem)
        for command in market():
            service.submit(command, now)
        ring, counts = EventRing("e", service.sequence), EngineCounts(service)
        gc.collect()
        gc.freeze()
        for first in range(0, len(lines), slice_):
            now += 1_000_000
            block = b"".join(lines[first : first + slice_])[:-1]
            laps.start()
            requests = decode_block(block)
            laps.lap("decode")
            for request in requests:
                journal.writer.append(now, request.order)
            laps.lap("record")
            happened = [service.submit(request.order, now) for request in requests]
            laps.lap("exchange")
            for events in happened:
                ring.append(now, events)
                counts.add(events)
            laps.lap("keep events")
            replies = [
                answer(request.id, request.order, events, service)
                for request, events in zip(requests, happened, strict=True)
            ]
            Outbox().add(replies)
            laps.lap("answer")
            journal.commit(service.sequence)
            laps.lap("commit")
        gc.unfreeze()
        journal.close(clean=False)
    return {name: total / len(lines) / 1e3 for name, total in laps.spent.items()}


def told(figures: dict[str, float]) -> str:
    """One line for people."""
    return ", ".join(f"{name} {figure:.1f}" for name, figure in figures.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--slice", type=int, default=SLICE)
    args = parser.parse_args()
    print(machine(), engine.build_kind())
    print("in µs a request:", told(stages(orders(args.orders, seed=7), Durability.PROCESS, args.slice)))


if __name__ == "__main__":
    main()

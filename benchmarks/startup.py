"""How long from the command to the first live books, and what each process costs at rest with the demo market.

    python benchmarks/startup.py [--runs 5] [--rest 20]

A run starts `tradesim-tui serve` in an empty data directory on free ports and waits until a WebSocket client has seen
both sides of five books. The last run then leaves the exchange alone for `--rest` seconds and reads CPU and memory of
every process from the operating system.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.machine import machine
from net import messages as m
from net.client import Client

BOOKS = 5


async def first_live_books(ws_url: str) -> None:
    """Return once five books have had a bid and an ask."""
    live: set[str] = set()
    async with Client(ws_url) as client:
        async for message in client.messages():
            if isinstance(message, m.OrderBooks):
                live |= {symbol for symbol, book in message.data.items() if book.bids and book.asks}
            if len(live) >= BOOKS:
                return


async def one_run(rest_s: float) -> tuple[float, float, dict[str, dict[str, float]]]:
    """Start once: seconds to `ready`, seconds to five live books, and the tiers' cost at rest (when asked for)."""
    with tempfile.TemporaryDirectory() as data_dir:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--engine-port", "0", "--data-dir", data_dir),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            ready_s = time.perf_counter() - started
            await asyncio.wait_for(first_live_books(line.decode().split()[2]), 60)
            books_s = time.perf_counter() - started
            cost = await at_rest(Path(data_dir), process.pid, rest_s) if rest_s else {}
        finally:
            process.terminate()
            await process.wait()
    return ready_s, books_s, cost


async def at_rest(data_dir: Path, supervisor_pid: int, seconds: float) -> dict[str, dict[str, float]]:
    """CPU share (percent of one core) and resident memory (MB) of every process over some seconds."""
    pids = json.loads((data_dir / "pids.json").read_text()) | {"supervisor": supervisor_pid}
    processes = {name: psutil.Process(pid) for name, pid in pids.items()}
    for process in processes.values():
        process.cpu_percent()
    await asyncio.sleep(seconds)
    return {
        name: {"cpu_pct": round(process.cpu_percent(), 1), "rss_mb": round(process.memory_info().rss / 1e6, 1)}
        for name, process in processes.items()
    }


async def main() -> None:
    """Run, print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rest", type=float, default=20.0, help="seconds at rest in the last run")
    arguments = parser.parse_args()
    ready, books, cost = [], [], {}
    for run in range(arguments.runs):
        ready_s, books_s, cost = await one_run(arguments.rest if run == arguments.runs - 1 else 0)
        ready.append(ready_s)
        books.append(books_s)
    print(machine())
    print(f"ready            median {statistics.median(ready):.2f} s  (min {min(ready):.2f}, max {max(ready):.2f})")
    print(f"five live books  median {statistics.median(books):.2f} s  (min {min(books):.2f}, max {max(books):.2f})")
    for name, figures in cost.items():
        print(f"{name:<12} {figures['cpu_pct']:5.1f} % of a core  {figures['rss_mb']:6.1f} MB")
    print(json.dumps({"ready_s": ready, "five_live_books_s": books, "at_rest": cost}))


if __name__ == "__main__":
    asyncio.run(main())

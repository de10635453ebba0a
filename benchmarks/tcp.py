"""Load on the engine's TCP door, over loopback, from a process of its own.

    python -m benchmarks.tcp [--orders 300000] [--durability process] [--subscribe]

Prints the latency of one request at a time, requests a second with many under way, and what the engine's CPU time for
one of those is made of.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.load_orders import orders
from benchmarks.machine import machine
from benchmarks.stages import stages, told
from engine import build_kind
from engine.types import Durability

STAGED = 100_000
"""Requests with which the stages are measured apart."""

ENGINE = """
import sys
from pathlib import Path
from benchmarks.load_orders import market
from engine.types import Durability
from net.engine_server import EngineConfig, run_engine
from net.process import run
durability, data_dir = sys.argv[1], sys.argv[2]
main = run_engine(EngineConfig(port=0, data_dir=Path(data_dir), durability=Durability(durability), supervised=True,
    initial_commands=tuple(market())))
if len(sys.argv) > 3:
    import cProfile
    profile = cProfile.Profile()
    profile.runcall(run, main)
    profile.dump_stats(sys.argv[3])
else:
    run(main)
"""


class Counter(threading.Thread):
    """Counts lines that arrive."""

    def __init__(self, sock: socket.socket, stop_at: int | None) -> None:
        super().__init__(daemon=True)
        self.sock = sock
        self.stop_at = stop_at
        self.lines = self.bytes = self.refused = 0

    def run(self) -> None:
        buffer = bytearray(1 << 20)
        while self.stop_at is None or self.lines < self.stop_at:
            received = self.sock.recv_into(buffer)
            if not received:
                return
            self.lines += buffer.count(b"\n", 0, received)
            self.refused += buffer.count(b'"code":', 0, received)
            self.bytes += received


def pipelined(address: tuple[str, int], lines: list[bytes], connections: int) -> tuple[float, int]:
    """Send everything as fast as it is taken; returns seconds and refusals."""
    socks = [socket.create_connection(address) for _ in range(connections)]
    shares = [lines[number::connections] for number in range(connections)]
    counters = [Counter(sock, len(share)) for sock, share in zip(socks, shares, strict=True)]
    blocks = [[b"".join(share[i : i + 500]) for i in range(0, len(share), 500)] for share in shares]
    start = time.perf_counter()
    for counter in counters:
        counter.start()
    senders = [
        threading.Thread(target=lambda sock=sock, mine=mine: [sock.sendall(block) for block in mine])
        for sock, mine in zip(socks, blocks, strict=True)
    ]
    for thread in (*senders, *counters):
        if thread.ident is None:
            thread.start()
    for thread in (*senders, *counters):
        thread.join()
    return time.perf_counter() - start, sum(counter.refused for counter in counters)


def sequential(address: tuple[str, int], lines: list[bytes]) -> list[float]:
    """One request at a time; returns sorted latencies in microseconds."""
    sock = socket.create_connection(address)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    latencies = []
    for line in lines:
        start = time.perf_counter()
        sock.sendall(line)
        while not sock.recv(65536).endswith(b"\n"):
            pass
        latencies.append((time.perf_counter() - start) * 1e6)
    return sorted(latencies)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, where the system tells it (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stats(address: tuple[str, int]) -> dict:
    with socket.create_connection(address) as sock:
        sock.sendall(b'{"action":"query","id":1,"what":"stats"}\n')
        return json.loads(sock.makefile().readline())["data"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=300_000)
    parser.add_argument("--sequential", type=int, default=5_000)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--durability", default="process", choices=("none", "process", "power"))
    parser.add_argument("--subscribe", action="store_true", help="one subscriber reads all events meanwhile")
    parser.add_argument("--profile", help="write a cProfile of the engine to this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as data_dir:
        command = [sys.executable, "-c", ENGINE, args.durability, data_dir]
        engine = subprocess.Popen(
            command + ([args.profile] if args.profile else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert engine.stdin is not None
        assert engine.stdout is not None
        try:
            ready = json.loads(engine.stdout.readline())
            report(args, (ready["host"], ready["port"]), Path(data_dir), engine.pid)
        finally:
            engine.stdin.close()
            engine.wait(30)


def report(args: argparse.Namespace, address: tuple[str, int], data_dir: Path, pid: int) -> None:
    print(f"{machine()}, engine {build_kind()}, durability {args.durability}")
    lines = orders(args.orders + args.sequential, seed=7)
    events: Counter | None = None
    if args.subscribe:
        feed = socket.create_connection(address)
        feed.sendall(b'{"action":"subscribe","id":1,"from_sequence":1}\n')
        events = Counter(feed, None)
        events.start()
    latencies = sequential(address, lines[: args.sequential])
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    print(f"sequential: {1e6 * len(latencies) / sum(latencies):,.0f}/s, p50 {p50:.0f} µs, p99 {p99:.0f} µs")
    before, cpu = stats(address), cpu_seconds(pid)
    seconds, refused = pipelined(address, lines[args.sequential :], args.connections)
    cpu = cpu_seconds(pid) - cpu
    after = stats(address)
    done = after["commands"] - before["commands"]
    print(
        f"pipelined, {args.connections} connections: {args.orders / seconds:,.0f} requests/s in {seconds:.2f} s "
        f"({after['orders'] - before['orders']:,} orders, {after['trades'] - before['trades']:,} trades, "
        f"{refused:,} refused, {done:,} commands)"
    )
    whole = 1e6 * cpu / args.orders
    print(f"engine CPU: {whole:.1f} µs a request, {100 * cpu / seconds:.0f} % of a core")
    if args.durability != "none":
        spent = stages(lines[:STAGED], Durability(args.durability))
        print(f"made of, in µs: {told(spent)}; sockets, queue and event loop {whole - sum(spent.values()):.1f}")
    if events is not None:
        print(f"subscriber: {events.lines:,} lines, {events.bytes / 1e6:.0f} MB")
    for stage in after["stages"]:
        total = sum(stage["buckets"])
        shares = ", ".join(f"<{1 << k} µs {100 * n / total:.1f} %" for k, n in enumerate(stage["buckets"]) if n)
        print(f"{stage['stage']}: max {stage['max_ns'] / 1e6:.1f} ms; {shares}")
    print(f"journal: {sum(file.stat().st_size for file in data_dir.glob('journal*')) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()

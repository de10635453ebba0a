"""Load on the engine's TCP door, over loopback, from a process of its own.

    python benchmarks/tcp.py [--orders 300000] [--durability process] [--subscribe]

Prints orders a second with many requests under way, and the latency of one request at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ACCOUNTS = 400
SYMBOLS = 5
MID = 10_000

ENGINE = """
import sys
from pathlib import Path
from engine.commands import AddInstrument, OpenAccount, AccountLimits
from engine.instruments import Instrument
from engine.types import Durability
from net.engine_server import EngineConfig, run_engine
from net.process import run
accounts, symbols, durability, data_dir = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
if sys.argv[5] == "null":
    from engine.commands import NewOrder
    from engine.events import DepthChanged, LevelChange, OrderAccepted, OrderCanceled
    from engine.oms import OrderManagementSystem as Real
    from engine.types import CancelReason, Side
    import net.engine_server
    class Null(Real):
        def submit(self, command, now):
            self._sequence += 2
            changed = DepthChanged(symbol_id=1, bids=(LevelChange(100, 100, 1),))
            if type(command) is NewOrder:
                return [OrderAccepted(order_id=self._sequence, account=command.account, symbol_id=1, side=command.side,
                    order_type=command.type, qty=command.qty, price=command.price,
                    client_order_id=command.client_order_id), changed]
            return [OrderCanceled(order_id=self._sequence, account="a", symbol_id=1, side=Side.BUY, leaves_qty=1,
                cum_qty=0, reason=CancelReason.REQUESTED), changed]
        def next_deadline(self):
            return None
    net.engine_server.OrderManagementSystem = Null
instruments = [Instrument(symbol_id=n, ticker=f"T{n}", initial_price=10_000) for n in range(1, symbols + 1)]
initial = [AddInstrument(instrument=instrument) for instrument in instruments]
held = {n: 100_000 for n in range(1, symbols + 1)}
limits = AccountLimits(max_working_orders=None)
initial += [OpenAccount(account=f"a{n}", cash=10**15, positions=held, limits=limits) for n in range(accounts)]
main = run_engine(EngineConfig(
    port=0, data_dir=Path(data_dir), durability=Durability(durability), supervised=True, initial_commands=tuple(initial)
))
if len(sys.argv) > 6:
    import cProfile
    profile = cProfile.Profile()
    profile.runcall(run, main)
    profile.dump_stats(sys.argv[6])
else:
    run(main)
"""


def orders(count: int, seed: int) -> list[bytes]:
    """Request lines: limit orders near the mid that seldom cross, most of them canceled after a while."""
    rng = random.Random(seed)
    lines = []
    live: list[tuple[str, int, str]] = []
    for number in range(count):
        if len(live) > 2_000 and rng.random() < 0.5:
            account, symbol_id, name = live.pop(rng.randrange(len(live)))
            order: dict[str, object] = {
                "action": "cancel",
                "account": account,
                "symbol_id": symbol_id,
                "client_order_id": name,
            }
            lines.append({"action": "cancel", "id": number, "order": order})
            continue
        account, symbol_id, name = f"a{rng.randrange(ACCOUNTS)}", rng.randrange(1, SYMBOLS + 1), f"o{number}"
        side = rng.choice(("buy", "sell"))
        away = min(int(rng.expovariate(0.05)), 400) - (2 if rng.random() < 0.1 else 0)
        order = {
            "action": "add",
            "account": account,
            "symbol_id": symbol_id,
            "side": side,
            "qty": rng.randrange(1, 100),
            "price": MID - 1 - away if side == "buy" else MID + 1 + away,
            "client_order_id": name,
        }
        live.append((account, symbol_id, name))
        lines.append({"action": "add", "id": number, "order": order})
    return [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines]


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
    parser.add_argument("--null", action="store_true", help="an exchange that accepts everything: the door alone")
    parser.add_argument("--profile", help="write a cProfile of the engine to this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as data_dir:
        command = [sys.executable, "-c", ENGINE, str(ACCOUNTS), str(SYMBOLS), args.durability, data_dir]
        command.append("null" if args.null else "oms")
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
    print(f"{platform.machine()}, Python {platform.python_version()}, durability {args.durability}")
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
    print(f"engine CPU: {1e6 * cpu / args.orders:.1f} µs a request, {100 * cpu / seconds:.0f} % of a core")
    if events is not None:
        print(f"subscriber: {events.lines:,} lines, {events.bytes / 1e6:.0f} MB")
    for stage in after["stages"]:
        total = sum(stage["buckets"])
        shares = ", ".join(f"<{1 << k} µs {100 * n / total:.1f} %" for k, n in enumerate(stage["buckets"]) if n)
        print(f"{stage['stage']}: max {stage['max_ns'] / 1e6:.1f} ms; {shares}")
    print(f"journal: {sum(file.stat().st_size for file in data_dir.glob('journal*')) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()

"""What the console costs on a busy market, in three terminal sizes.

A process of its own serves a seeded market over a real WebSocket: books of five instruments ten times a second, and
prints. The console runs under a pseudo-terminal of the size; this process reads what it writes, counts the bytes, takes
its processor time from /proc, and presses keys: the cursor of the ladder is looked for in the output, so that the time
from key to picture is that of the whole path.

    python -m benchmarks.console [--seconds 6] [--trades 950] [--sizes 80x24 120x40 200x60]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import pty
import random
import re
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.machine import machine

ROOT = Path(__file__).resolve().parent.parent
CURSOR = "▸".encode()
KEY_PAUSE_S = 0.15
SELF = (sys.executable, "-m", "benchmarks.console")


# --- the market, in a process of its own ---------------------------------------------------------------------------


async def serve(trades_per_second: int) -> None:
    """Serve a seeded market until killed; prints its port."""
    sys.path.insert(0, str(ROOT))
    import msgspec
    from websockets.asyncio.server import ServerConnection
    from websockets.asyncio.server import serve as listen

    from engine.types import Side
    from net import messages as m
    from tests.tui.world import FakeTime, World

    decoder = msgspec.json.Decoder(m.AnyClientMessage)

    async def client(connection: ServerConnection) -> None:
        world = World(FakeTime(time.time_ns() // 1_000_000 - 60_000))
        await world.connect()
        world.queue.get_nowait()

        async def flush() -> None:
            while not world.queue.empty():
                push = world.queue.get_nowait()
                if isinstance(push, m.ServerMessage):
                    await connection.send(m.encode(push).decode())

        async def market() -> None:
            rng = random.Random(5)
            per_frame = trades_per_second // 10
            due = asyncio.get_running_loop().time()
            while True:
                world.step()
                for _ in range(per_frame):
                    symbol_id = rng.randrange(1, 6)
                    book = world.markets[symbol_id]
                    ticks = book.mid + rng.choice((-1, 1))
                    world._print(
                        symbol_id, ticks, float(rng.randrange(1, 60)), rng.choice((Side.BUY, Side.SELL)), False
                    )
                await flush()
                due += 0.1
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

        await flush()
        task = asyncio.create_task(market())
        try:
            async for frame in connection:
                await answer(world, decoder.decode(frame), connection)
        finally:
            task.cancel()

    async def answer(world: World, request: m.AnyClientMessage, connection: ServerConnection) -> None:
        rid = request.request_id
        reply: m.ServerMessage
        match request:
            case m.AgentRegister(name=name):
                reply = msgspec.structs.replace(await world.register(name), request_id=rid)
            case m.GetPortfolio():
                reply = msgspec.structs.replace(world.portfolio(), request_id=rid)
            case m.GetOrders():
                reply = m.Orders(data=m.OrdersData(agent_id="a-you", orders=[], request_id=rid))
            case m.GetTrades():
                reply = m.Trades(data=m.TradesData(agent_id="a-you", trades=[], request_id=rid))
            case m.GetCandles(symbol_id=i, interval=interval):
                candles = await world.get_candles(i, interval)
                reply = m.Candles(data=m.CandlesData(symbol_id=i, interval=interval, candles=candles, request_id=rid))
            case m.GetTape(symbol_id=i):
                trades = await world.get_tape(i)
                reply = m.Tape(data=m.TapeData(symbol_id=i, trades=trades, request_id=rid))
            case m.Subscribe(channels=channels, rate_hz=rate):
                reply = m.Subscribed(data=m.SubscribedData(channels=channels, rate_hz=rate or 10.0, request_id=rid))
            case _:
                reply = m.Pong(
                    data=m.PongData(server_time=time.time_ns() // 1_000_000, id=getattr(request, "id", None))
                )
                if isinstance(request, m.Ping):
                    reply = m.Pong(data=m.PongData(server_time=0, id=request.id if request.id is not None else rid))
        await connection.send(m.encode(reply).decode())

    async with listen(client, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


# --- the console, under a pseudo-terminal ---------------------------------------------------------------------------


def console(url: str, stats: str) -> None:
    """Run the console; leave its own figures in a file."""
    from net.client import Client
    from tui.app import ConsoleApp

    app = ConsoleApp(partial(Client, url))
    started = time.perf_counter()
    app.run()
    heard = sum(market.version for market in app.view.markets.values())
    figures = {"lag_ms": list(app.meter.lags_ms), "updates_per_second": heard / (time.perf_counter() - started)}
    Path(stats).write_text(json.dumps(figures), encoding="utf-8")


class Terminal:
    """A pseudo-terminal with a console in it."""

    def __init__(self, size: tuple[int, int], url: str) -> None:
        self.stats = Path(tempfile.mkdtemp()) / "stats.json"
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", TRADESIM_CONFIG="/nonexistent")
            os.environ.pop("NO_COLOR", None)
            os.chdir(ROOT)
            os.execv(sys.executable, [*SELF, "--console", url, str(self.stats)])  # noqa: S606
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.fd, selectors.EVENT_READ)
        self.bytes = 0

    def read(self, seconds: float, until: bytes | None = None) -> float | None:
        """Read for so long, or until the bytes come: then say after how long (seconds)."""
        start = time.perf_counter()
        seen = b""
        while (left := start + seconds - time.perf_counter()) > 0:
            if not self.selector.select(left):
                continue
            try:
                data = os.read(self.fd, 65_536)
            except OSError:  # Linux says so when the other end is gone
                return None
            self.bytes += len(data)
            if until is not None:
                seen = seen[-8:] + data
                if until in seen:
                    return time.perf_counter() - start
        return None

    def press(self, key: bytes) -> None:
        os.write(self.fd, key)

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> tuple[float, float]:
        """Resident, and what is this process's alone."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        found = {key: int(kb) for key, kb in re.findall(r"^(Rss|Private_Dirty|Private_Clean):\s+(\d+)", text, re.M)}
        return found["Rss"] / 1024, (found["Private_Dirty"] + found["Private_Clean"]) / 1024

    def close(self) -> tuple[list[float], float]:
        """Quit; lateness of the frames in ms, and how many books and prints a second the console took."""
        self.press(b"q")
        self.read(2.0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        if not self.stats.exists():
            return [float("nan")], float("nan")
        figures = json.loads(self.stats.read_text(encoding="utf-8"))
        return sorted(figures["lag_ms"]), figures["updates_per_second"]


def measure(size: tuple[int, int], url: str, seconds: float, presses: int) -> dict[str, float | str]:
    """The figures of one size."""
    terminal = Terminal(size, url)
    terminal.read(3.0)
    cpu, sent, start = terminal.cpu_seconds(), terminal.bytes, time.perf_counter()
    terminal.read(seconds)
    elapsed = time.perf_counter() - start
    cpu_share = (terminal.cpu_seconds() - cpu) / elapsed
    rate = (terminal.bytes - sent) / elapsed
    rss, own = terminal.memory_mb()
    times: list[float] = []
    rng = random.Random(1)
    for index in range(presses):
        terminal.read(KEY_PAUSE_S * rng.uniform(0.7, 1.3))
        terminal.press(b"\x1b[A" if index % 2 else b"\x1b[B")
        taken = terminal.read(1.0, CURSOR)
        if taken is not None:
            times.append(taken * 1_000)
    lags, updates = terminal.close()
    times.sort()
    return {
        "size": f"{size[0]}x{size[1]}",
        "updates_per_second": round(updates),
        "cpu_share": round(cpu_share, 4),
        "kilobytes_per_second": round(rate / 1000, 1),
        "key_p50_ms": round(times[len(times) // 2], 1) if times else float("nan"),
        "key_p99_ms": round(times[max(0, int(len(times) * 0.99) - 1)], 1) if times else float("nan"),
        "keys_seen": len(times),
        "lag_p50_ms": round(lags[len(lags) // 2], 1),
        "lag_p99_ms": round(lags[int(len(lags) * 0.99)], 1),
        "memory_mb": round(rss, 1),
        "own_memory_mb": round(own, 1),
    }


@contextlib.contextmanager
def busy_market(trades: int) -> Iterator[str]:
    """A process that serves the seeded market with so many prints a second, by its WebSocket address."""
    server = subprocess.Popen(
        [*SELF, "--serve", str(trades)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    assert server.stdout is not None
    try:
        yield f"ws://127.0.0.1:{server.stdout.readline().strip()}/ws"
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--trades", type=int, default=950, help="prints a second, besides 50 books a second")
    parser.add_argument("--keys", type=int, default=40, help="key presses timed in each size")
    parser.add_argument("--sizes", nargs="*", default=["80x24", "120x40", "200x60"])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--console", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        asyncio.run(serve(arguments.serve))
        return
    if arguments.console:
        console(*arguments.console)
        return
    with busy_market(arguments.trades) as url:
        print(machine())
        print(f"10 Hz, books of 5 instruments at 10 Hz, {arguments.trades} prints/s, {arguments.seconds:g} s each")
        rows = []
        for text in arguments.sizes:
            columns, lines = (int(part) for part in text.split("x"))
            rows.append(measure((columns, lines), url, arguments.seconds, arguments.keys))
            print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
        print(json.dumps({"console": rows, "prints_per_second": arguments.trades}))


if __name__ == "__main__":
    main()

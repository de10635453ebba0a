"""Fan-out of ``orderbooks``: how late books are, and what a client costs, at 5 Hz to thousands of clients.

    python -m benchmarks.fanout                                  # 100, 1,000, 3,000 and 5,000 clients
    python -m benchmarks.fanout --clients 1000 --stalled 0.1     # a tenth of them read nothing

Two accounts move every book all the time, so that each tick brings every client all books. The latency of a message
is from its ``timestamp``, set when the gateway made it, to its arrival; its resolution is one millisecond. Clients that
are stalled stop reading before the measured time and are not counted. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from array import array

from benchmarks.exchange import Exchange, row, run, running_exchange, usage
from benchmarks.load_socket import LoadSocket, open_socket, text_frame
from benchmarks.machine import machine
from benchmarks.order_latency import percentiles_ms

CONNECT_AT_ONCE = 50
MOVES_PER_SECOND = 50


class Fan:
    """All the clients that only watch."""

    def __init__(self) -> None:
        self.sockets: list[LoadSocket] = []
        self.latencies = array("d")
        self.messages = 0
        self.size = 0
        self.measuring = False

    def hear(self, payload: bytes) -> None:
        if not self.measuring or not payload.startswith(b'{"type":"orderbooks"'):
            return
        at = payload.rindex(b'"timestamp":') + 12
        sent_ms = int(payload[at:].rstrip(b"}"))
        self.latencies.append(time.time() - sent_ms / 1000)
        self.messages += 1
        self.size += len(payload)

    async def open(self, exchange: Exchange, count: int) -> None:
        for start in range(0, count, CONNECT_AT_ONCE):
            batch = range(start, min(start + CONNECT_AT_ONCE, count))
            self.sockets += await asyncio.gather(*(open_socket(exchange.host, exchange.port, self.hear) for _ in batch))

    def stall(self, count: int) -> None:
        for socket in self.sockets[:count]:
            assert socket.transport is not None
            socket.transport.pause_reading()

    @property
    def alive(self) -> int:
        return sum(not socket.closed for socket in self.sockets)

    def close(self) -> None:
        for socket in self.sockets:
            socket.close()


class Mover:
    """Keeps every book moving with orders of its own that never trade."""

    def __init__(self) -> None:
        self._symbols: list[tuple[int, float, float]] = []
        self._registered = asyncio.Event()
        self._orders = 0
        self._open: list[tuple[int, int]] = []

    def _hear(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"instruments"'):
            self._symbols = [
                (each["symbol_id"], each["initial_price"], each["tick_size"]) for each in json.loads(payload)["data"]
            ]
        elif payload.startswith(b'{"type":"agent_registered"'):
            self._registered.set()

    async def open(self, exchange: Exchange) -> None:
        self._socket = await open_socket(exchange.host, exchange.port, self._hear)
        request = {"type": "agent_register", "name": "mover", "starting_capital": 1e9}
        self._socket.send(text_frame(json.dumps(request).encode()))
        await self._registered.wait()
        for symbol, price, tick in self._symbols:
            self._quote(symbol, price, tick, 1)

    def _quote(self, symbol: int, price: float, tick: float, quantity: int) -> None:
        """Twenty levels a side; the quantity tells one version of the book from the next."""

        def levels(direction: int) -> list[dict[str, float]]:
            return [
                {"price": round(price + direction * step * tick, 8), "quantity": quantity + step}
                for step in range(1, 21)
            ]

        message = {"type": "mass_quote", "symbol_id": symbol, "bids": levels(-1), "asks": levels(1)}
        self._socket.send(text_frame(json.dumps(message).encode()))

    async def move(self, until: float) -> None:
        number = 1
        while time.perf_counter() < until:
            symbol, price, tick = self._symbols[number % len(self._symbols)]
            number += 1
            self._quote(symbol, price, tick, 1 + number % 7)
            await asyncio.sleep(1 / MOVES_PER_SECOND)


async def measure(exchange: Exchange, clients: int, stalled_share: float, seconds: float) -> dict[str, object]:
    """One run against an exchange of its own."""
    mover, fan = Mover(), Fan()
    await mover.open(exchange)
    gateway = exchange.pids["gateway"]
    await asyncio.sleep(0.5)
    before = usage(gateway)
    connecting = time.perf_counter()
    await fan.open(exchange, clients)
    connected_s = time.perf_counter() - connecting
    moving = asyncio.create_task(mover.move(time.perf_counter() + 2 + seconds))
    stalled = round(clients * stalled_share)
    fan.stall(stalled)
    await asyncio.sleep(2)
    settled, own, begin = usage(gateway), time.process_time(), time.perf_counter()
    fan.measuring = True
    await moving
    fan.measuring = False
    elapsed = time.perf_counter() - begin
    after = usage(gateway)
    result = {
        "clients": clients,
        "stalled": stalled,
        "still_connected": fan.alive,
        "connect_s": round(connected_s, 2),
        "messages_per_second": round(fan.messages / elapsed),
        "hz_per_client": round(fan.messages / elapsed / (clients - stalled), 2),
        "bytes_per_message": round(fan.size / max(1, fan.messages)),
        **percentiles_ms(fan.latencies),
        "gateway_cpu": round((after.cpu_s - settled.cpu_s) / elapsed, 2),
        "load_cpu": round((time.process_time() - own) / elapsed, 2),
        "gateway_mib": round(after.rss / 2**20, 1),
        "kib_per_client": round((settled.rss - before.rss) / 1024 / clients, 1),
        "grown_kib": round((after.rss - settled.rss) / 1024),
    }
    fan.close()
    return result


async def main(options: argparse.Namespace) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    print(f"machine: {machine()}")
    runs = []
    for clients in options.clients:
        async with running_exchange("--durability", "none") as exchange:
            runs.append(await measure(exchange, clients, options.stalled, options.seconds))
        print(row(runs[-1]), flush=True)
    print(json.dumps({"benchmark": "fanout", "machine": machine(), "runs": runs}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[100, 1_000, 3_000, 5_000])
    parser.add_argument("--stalled", type=float, default=0.0, help="share of the clients that stop reading")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of each run")
    run(main(parser.parse_args()))

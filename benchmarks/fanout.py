"""Fan-out of ``orderbooks``: how late books are, and what a client costs, at 5 Hz to thousands of clients.

    python -m benchmarks.fanout                                  # 100, 1,000, 3,000 and 5,000 clients
    python -m benchmarks.fanout --clients 1000 --stalled 0.25    # a quarter of them reads nothing every other time

Two accounts move every book all the time, so that each tick brings every client all books. The latency of a message
is from its ``timestamp``, set when the gateway made it, to its arrival; its resolution is one millisecond.

With ``--stalled``, the same clients of the same gateway are measured in turns with everybody reading and with a share
of them stalled: these stop reading before the measured time and are not counted. What the stalled change is the
difference of the medians. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from array import array
from statistics import median
from typing import NamedTuple

from benchmarks.exchange import Exchange, Usage, row, run, running_exchange, usage
from benchmarks.load_socket import LoadSocket, open_socket, text_frame
from benchmarks.machine import machine
from benchmarks.order_latency import percentiles_ms

CONNECT_AT_ONCE = 50
MOVES_PER_SECOND = 50
CAPITAL = 1e7
SET_UP_LIMIT_S = 20.0
WARM_UP_S = 2.0
SETTLE_S = 2.0
PAIRS = 3


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

    def go_on(self, count: int) -> None:
        for socket in self.sockets[:count]:
            assert socket.transport is not None
            socket.transport.resume_reading()

    def begin(self) -> None:
        self.latencies, self.messages, self.size, self.measuring = array("d"), 0, 0, True

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
        elif payload.startswith(b'{"type":"error"'):
            raise RuntimeError(payload.decode())

    async def open(self, exchange: Exchange) -> None:
        self._socket = await open_socket(exchange.host, exchange.port, self._hear)
        request = {"type": "agent_register", "name": "mover", "starting_capital": CAPITAL}
        self._socket.send(text_frame(json.dumps(request).encode()))
        async with asyncio.timeout(SET_UP_LIMIT_S):
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


class Phase(NamedTuple):
    """What one measured time showed."""

    seconds: float
    messages: int
    size: int
    latencies: array[float]
    gateway: Usage
    grown: int
    """Bytes that the gateway's resident memory grew by."""
    gateway_cpu_s: float
    load_cpu_s: float


async def watch(exchange: Exchange, fan: Fan, seconds: float, stalled: int) -> Phase:
    """Measure for a while, with so many of the clients stalled."""
    gateway = exchange.pids["gateway"]
    before = usage(gateway)
    fan.stall(stalled)
    await asyncio.sleep(SETTLE_S)
    settled, own, begun = usage(gateway), time.process_time(), time.perf_counter()
    fan.begin()
    await asyncio.sleep(seconds)
    fan.measuring = False
    elapsed, after = time.perf_counter() - begun, usage(gateway)
    phase = Phase(
        elapsed, fan.messages, fan.size, fan.latencies, after, after.rss - before.rss,
        after.cpu_s - settled.cpu_s, time.process_time() - own,
    )  # fmt: skip
    fan.go_on(stalled)
    return phase


async def measure(exchange: Exchange, clients: int, stalled_share: float, seconds: float) -> dict[str, object]:
    """One run against an exchange of its own."""
    mover, fan = Mover(), Fan()
    await mover.open(exchange)
    moving = asyncio.create_task(mover.move(float("inf")))
    await asyncio.sleep(WARM_UP_S)  # until the mover's own history and the books are as large as they get
    before, connecting = usage(exchange.pids["gateway"]), time.perf_counter()
    await fan.open(exchange, clients)
    connected_s = time.perf_counter() - connecting
    stalled = round(clients * stalled_share)
    turns = PAIRS if stalled else 1
    reading, unread = [], []
    for _ in range(turns):
        reading.append(await watch(exchange, fan, seconds, 0))
        if stalled:
            unread.append(await watch(exchange, fan, seconds, stalled))
    moving.cancel()
    result = {
        "clients": clients,
        "still_connected": fan.alive,
        "connect_s": round(connected_s, 2),
        **summary(reading, clients),
        "kib_per_client": round((reading[0].gateway.rss - before.rss) / 1024 / clients, 1),
    }
    if stalled:
        result |= {"stalled": stalled, "while_stalled": summary(unread, clients - stalled)}
        result |= changes(reading, unread)
    fan.close()
    return result


def summary(phases: list[Phase], readers: int) -> dict[str, object]:
    """The phase with the median p99."""
    phase = sorted(phases, key=p99_ms)[len(phases) // 2]
    return {
        "messages_per_second": round(phase.messages / phase.seconds),
        "hz_per_client": round(phase.messages / phase.seconds / readers, 2),
        "bytes_per_message": round(phase.size / max(1, phase.messages)),
        **percentiles_ms(phase.latencies),
        "gateway_cpu": round(phase.gateway_cpu_s / phase.seconds, 2),
        "load_cpu": round(phase.load_cpu_s / phase.seconds, 2),
        "gateway_mib": round(phase.gateway.rss / 2**20, 1),
    }


def changes(reading: list[Phase], unread: list[Phase]) -> dict[str, object]:
    """What stalled clients change for the others: medians with them over medians without."""
    p99 = [median(p99_ms(phase) for phase in phases) for phases in (reading, unread)]
    grown = [median(phase.grown for phase in phases) for phases in (reading, unread)]
    return {
        "p99_change": round(p99[1] / p99[0] - 1, 2),
        "grown_kib": round(grown[0] / 1024),
        "grown_kib_while_stalled": round(grown[1] / 1024),
    }


def p99_ms(phase: Phase) -> float:
    return percentiles_ms(phase.latencies)["p99_ms"]


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
    parser.add_argument("--stalled", type=float, default=0.0, help="share that stops reading, every other time")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of each run")
    run(main(parser.parse_args()))

"""Order to response: latency and throughput over WebSocket and over the engine's TCP, against real processes.

    python -m benchmarks.order_latency                          # 1, 10 and 50 clients, both doors, as fast as it goes
    python -m benchmarks.order_latency --clients 10 --door ws --rate 6000 --seconds 10

Each client is one connection with two accounts that trade with each other and with everybody else: buy, sell, sell,
buy, all at one price, so that half of the orders rest and half trade, and no position grows. Every order carries a
``client_order_id``. An order counts when it was answered with success.

As fast as it goes, each client has ``--in-flight`` orders under way. At a fixed rate, orders have times at which they
are due (whole milliseconds), and their latency counts from then: if the server stalls, the orders that could not be
sent meanwhile are late too (no coordinated omission). The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from array import array
from collections.abc import Callable
from typing import Protocol, cast

from benchmarks.exchange import Exchange, row, run, running_exchange, usage
from benchmarks.load_socket import LoadSocket, open_socket, text_frame
from benchmarks.machine import machine

WARM_UP_S = 1.0
SET_UP_LIMIT_S = 20.0
CAPITAL = 1e7
MINOR_UNITS = 10**8
FIRST_ORDER_ID = 10
"""Request ids below are those of setting a TCP connection up."""


class Door(Protocol):
    """One connection over which orders go."""

    on_answer: Callable[[int, bool, bool], None]
    """Called with the order's number, whether it succeeded, and whether it traded."""

    def send_order(self, number: int) -> None: ...

    def close(self) -> None: ...


class WebSocketDoor:
    """Orders over the public WebSocket."""

    def __init__(self, index: int) -> None:
        self.on_answer: Callable[[int, bool, bool], None] = lambda _number, _ok, _traded: None
        self._index = index
        self._socket: LoadSocket | None = None
        self._agents: list[str] = []
        self._registered = asyncio.Event()
        self._orders: tuple[bytes, ...] = ()
        """``add_order`` messages of the four kinds that take turns, without their numbers."""
        self._instruments = asyncio.Event()
        self._first: dict[str, object] = {}

    async def open(self, exchange: Exchange) -> None:
        self._socket = await open_socket(exchange.host, exchange.port, self._hear)
        await self._instruments.wait()
        self._socket.send(text_frame(b'{"type":"unsubscribe","channels":["orderbooks","agents","news"]}'))
        for name in ("a", "b"):
            request = {"type": "agent_register", "name": f"load {self._index}{name}", "starting_capital": CAPITAL}
            self._socket.send(text_frame(json.dumps(request).encode()))
        await self._registered.wait()
        symbol, price = self._first["symbol_id"], self._first["initial_price"]
        self._orders = tuple(
            (
                f'{{"type":"add_order","symbol_id":{symbol},"side":"{side(number).decode()}","quantity":1,'
                f'"price":{price!r},"agent_id":"{self._agents[number % 2]}","client_order_id":"{self._index}-%d",'
                '"request_id":%d}'
            ).encode()
            for number in range(4)
        )
        self._socket.only = b'{"type":"order_response"'

    def _hear(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"order_response"'):
            at = payload.index(b'"request_id":') + 13
            number = int(payload[at : payload.index(b",", at)])
            ok = b'"status":"success"' in payload
            self.on_answer(number, ok, ok and b'"filled_quantity":0.0' not in payload)
        elif payload.startswith(b'{"type":"agent_registered"'):
            self._agents.append(json.loads(payload)["agent_id"])
            if len(self._agents) == 2:
                self._registered.set()
        elif payload.startswith(b'{"type":"instruments"'):
            self._first = json.loads(payload)["data"][0]
            self._instruments.set()
        elif payload.startswith(b'{"type":"error"'):
            raise RuntimeError(payload.decode())

    def send_order(self, number: int) -> None:
        assert self._socket is not None
        self._socket.send(text_frame(self._orders[number % 4] % (number, number)))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


class TcpDoor(asyncio.Protocol):
    """Orders over the engine's own TCP wire."""

    def __init__(self, index: int) -> None:
        self.on_answer: Callable[[int, bool, bool], None] = lambda _number, _ok, _traded: None
        self._index = index
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._set_up: dict[int, asyncio.Future[dict[str, object]]] = {}
        self._price = 0
        self._symbol = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    async def open(self, exchange: Exchange) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, exchange.host, exchange.engine_port)
        listed = await self._ask({"action": "query", "what": "instruments"})
        first = listed["data"][0]  # type: ignore[index]
        self._symbol, self._price = first["symbol_id"], first["initial_price"]
        for name in ("a", "b"):
            account = {"account": self._account(name), "cash": int(CAPITAL) * MINOR_UNITS}
            opened = await self._ask({"action": "open_account", "command": {"action": "open_account", **account}})
            if opened.get("code"):
                raise RuntimeError(str(opened))

    def _account(self, name: str) -> str:
        return f"tcp-load-{self._index}{name}"

    async def _ask(self, request: dict[str, object]) -> dict[str, object]:
        assert self._transport is not None
        number = len(self._set_up)
        future: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self._set_up[number] = future
        self._transport.write(json.dumps({**request, "id": number}).encode() + b"\n")
        return await future

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            at = line.index(b'"id":') + 5
            number = int(line[at : _digits_end(line, at)])
            waiting = self._set_up.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(json.loads(line))
            else:
                ok = b'"code"' not in line
                self.on_answer(number - FIRST_ORDER_ID, ok, ok and b'"cum_qty":1' in line)

    def send_order(self, number: int) -> None:
        assert self._transport is not None
        name = "b" if number % 2 else "a"
        request_id = FIRST_ORDER_ID + number
        self._transport.write(
            b'{"action":"add","id":%d,"order":{"action":"add","account":"%s","symbol_id":%d,"side":"%s","qty":1,"price":%d,'
            b'"client_order_id":"%d"}}\n'
            % (request_id, self._account(name).encode(), self._symbol, side(number), self._price, number)
        )

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def side(number: int) -> bytes:
    """Buy, sell, sell, buy: the accounts of a client take turns, and end flat."""
    return b"buy" if number % 4 in (0, 3) else b"sell"


def _digits_end(text: bytes, start: int) -> int:
    end = start
    while end < len(text) and 48 <= text[end] <= 57:
        end += 1
    return end


class Recorder:
    """Times of one run; only what is answered after ``start`` counts."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.latencies = array("d")
        self.failed = 0
        self.traded = 0

    def answered(self, due: float, ok: bool, traded: bool) -> None:
        now = time.perf_counter()
        if now < self.start:
            return
        self.failed += not ok
        self.traded += traded
        if ok:
            self.latencies.append(now - due)


class Loader:
    """Drives one door: keeps orders in flight, or sends them when they are due."""

    def __init__(self, door: Door, recorder: Recorder) -> None:
        self._door = door
        self._recorder = recorder
        self._next = 0
        self._due: dict[int, float] = {}
        self._refill = False
        door.on_answer = self._answer

    @property
    def sent(self) -> int:
        return self._next

    @property
    def unanswered(self) -> int:
        return len(self._due)

    def flood(self, in_flight: int) -> None:
        """Keep ``in_flight`` orders under way from now on."""
        self._refill = True
        for _ in range(in_flight):
            self.send(time.perf_counter())

    def stop(self) -> None:
        self._refill = False

    def send(self, due: float) -> None:
        number = self._next
        self._next += 1
        self._due[number] = due
        self._door.send_order(number)

    def _answer(self, number: int, ok: bool, traded: bool) -> None:
        self._recorder.answered(self._due.pop(number), ok, traded)
        if self._refill:
            self.send(time.perf_counter())


async def at_fixed_rate(loaders: list[Loader], rate: float, until: float) -> None:
    """Send orders when they are due, every millisecond's share together, one client after the other."""
    begin = time.perf_counter()
    sent = 0
    while (now := time.perf_counter()) < until:
        due_ms = int((now - begin) * 1000)
        while sent < rate * due_ms / 1000:
            loaders[sent % len(loaders)].send(begin + math.ceil(sent / rate * 1000) / 1000)
            sent += 1
        await asyncio.sleep(begin + (due_ms + 1) / 1000 - time.perf_counter())


async def drained(loaders: list[Loader], limit_s: float = 5.0) -> int:
    """Wait for the last answers; return how many never came."""
    for _ in range(int(limit_s / 0.01)):
        if not any(loader.unanswered for loader in loaders):
            break
        await asyncio.sleep(0.01)
    return sum(loader.unanswered for loader in loaders)


async def measure(exchange: Exchange, door_name: str, clients: int, options: argparse.Namespace) -> dict[str, object]:
    """One run against an exchange of its own."""
    doors: list[WebSocketDoor | TcpDoor] = [
        WebSocketDoor(index) if door_name == "ws" else TcpDoor(index) for index in range(clients)
    ]
    async with asyncio.timeout(SET_UP_LIMIT_S):
        for door in doors:
            await door.open(exchange)
    recorder = Recorder(time.perf_counter() + WARM_UP_S)
    end = recorder.start + options.seconds
    loaders = [Loader(door, recorder) for door in doors]
    before = {name: usage(pid) for name, pid in exchange.pids.items()}
    own_before = time.process_time()
    began = time.perf_counter()
    if options.rate:
        await at_fixed_rate(loaders, options.rate, end)
    else:
        for loader in loaders:
            loader.flood(options.in_flight)
        await asyncio.sleep(end - time.perf_counter())
        for loader in loaders:
            loader.stop()
    elapsed = time.perf_counter() - began
    answered = len(recorder.latencies)
    cpu_s = {name: usage(pid).cpu_s - before[name].cpu_s for name, pid in exchange.pids.items()}
    cpu_s["load"] = time.process_time() - own_before
    sent = sum(loader.sent for loader in loaders)
    lost = await drained(loaders)
    for door in doors:
        door.close()
    return {
        "door": door_name,
        "clients": clients,
        "mode": f"{options.rate:g}/s" if options.rate else f"max, {options.in_flight} in flight each",
        "seconds": options.seconds,
        "orders_per_second": round(answered / options.seconds),
        **percentiles_ms(recorder.latencies),
        "traded_share": round(recorder.traded / max(1, answered), 2),
        "failed": recorder.failed,
        "unanswered": lost,
        "cpu_us_per_order": {name: round(used / sent * 1e6) for name, used in cpu_s.items()},
        "cores_used": {name: round(used / elapsed, 2) for name, used in cpu_s.items()},
    }


def percentiles_ms(latencies: array[float]) -> dict[str, float]:
    """p50, p99, p99.9 and the worst, in milliseconds."""
    ordered = sorted(latencies)
    if not ordered:
        return {}
    named = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    found = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in named.items()}
    return {name: round(value * 1000, 3) for name, value in {**found, "max_ms": ordered[-1]}.items()}


async def main(options: argparse.Namespace) -> None:
    print(f"machine: {machine()}")
    runs = []
    for door in options.door:
        for clients in options.clients:
            async with running_exchange("--durability", options.durability) as exchange:
                result = await measure(exchange, door, clients, options)
            print(row(result), flush=True)
            runs.append(result)
    print(
        json.dumps({"benchmark": "order_latency", "machine": machine(), "durability": options.durability, "runs": runs})
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--door", nargs="+", choices=["ws", "tcp"], default=["ws", "tcp"])
    parser.add_argument("--seconds", type=float, default=3.0, help="measured time of each run, after one of warm-up")
    parser.add_argument(
        "--rate", type=float, help="orders a second of all clients together; as fast as it goes if absent"
    )
    parser.add_argument("--in-flight", type=int, default=1, help="orders under way per client, without --rate")
    parser.add_argument("--durability", default="process", choices=["none", "process", "power"])
    run(main(parser.parse_args()))

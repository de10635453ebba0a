"""Hyperliquid, both directions: recorded frames through the connector, signed orders through the venue.

    python benchmarks/hyperliquid_speed.py [--rounds 400] [--orders 1000]

The orders need the extra ``hyperliquid``; without it only the connector is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import importlib.util
import json
import statistics
import time
from pathlib import Path

import httpx
import msgspec
import psutil
from exchange import running_exchange
from machine import machine

from net.hyperliquid import actions
from net.hyperliquid.api_client import HyperliquidApiClient
from net.hyperliquid.info_client import InfoClient
from net.hyperliquid.keys import SdkSigner

RECORDING = Path(__file__).parent.parent / "tests/net/hyperliquid/btcusd_20250126.gz"
KEYS = tuple("0x" + f"{0xA1 + number:x}" * 32 for number in range(8))
HEAD = "POST /hl/exchange HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
META = b'{"universe":[{"name":"BTC","szDecimals":5}]}'
SPOT_META = b'{"universe":[],"tokens":[]}'


def recorded() -> list[bytes]:
    """The recorded frames, without their times of arrival."""
    with gzip.open(RECORDING) as lines:
        return [line.split(b" ", 1)[1] for line in lines]


def connector() -> HyperliquidApiClient:
    """A client whose handler is fed by hand."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=SPOT_META if b"spotMeta" in request.content else META)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return HyperliquidApiClient("http://bench.invalid", info=InfoClient("http://bench.invalid", http))


def renewed(frames: list[bytes], round_: int) -> list[bytes]:
    """The frames with later venue times, so that every book is a new one."""
    return [frame.replace(b'"time":17379188', b'"time":%d' % (17379188 + round_)) for frame in frames]


async def measure_frames(rounds: int) -> dict[str, float]:
    """Frames a second through handler, channel, cache and a reader, as fast as they go."""
    client = connector()
    frames = recorded()
    rounds_of_frames = [renewed(frames, number) for number in range(rounds)]
    read = 0

    async def reader() -> None:
        nonlocal read
        async for _ in client.stream_order_book("BTC"):
            read += 1

    consuming = asyncio.create_task(client.cache.consume(client.channel))
    reading = asyncio.create_task(reader())
    await client.universe()
    began = time.perf_counter()
    for batch in rounds_of_frames:
        for frame in batch:
            await client.handler.feed(frame, 0)
        await asyncio.sleep(0)
    while not client.channel.empty():  # noqa: ASYNC110 - what is timed is this very loop's work
        await asyncio.sleep(0)
    elapsed = time.perf_counter() - began
    for task in (consuming, reading):
        task.cancel()
    await asyncio.gather(consuming, reading, return_exceptions=True)
    await client.close()
    return {"frames_per_s": rounds * len(frames) / elapsed, "books_read": read, "frames": rounds * len(frames)}


async def measure_delay(rounds: int) -> dict[str, float]:
    """Microseconds from a frame's arrival to the reader that was waiting for it, one frame at a time."""
    client = connector()
    delays: list[float] = []
    fed_at = 0.0
    woken = asyncio.Event()

    async def reader() -> None:
        async for _ in client.stream_order_book("BTC"):
            delays.append((time.perf_counter() - fed_at) * 1e6)
            woken.set()

    consuming = asyncio.create_task(client.cache.consume(client.channel))
    reading = asyncio.create_task(reader())
    await client.universe()
    books = [frame for frame in recorded() if b"l2Book" in frame]
    for number in range(rounds):
        for frame in renewed(books[1:], number):
            woken.clear()
            await asyncio.sleep(0)
            fed_at = time.perf_counter()
            await client.handler.feed(frame, 0)
            await woken.wait()
    for task in (consuming, reading):
        task.cancel()
    await asyncio.gather(consuming, reading, return_exceptions=True)
    await client.close()
    cuts = statistics.quantiles(delays, n=100)
    return {"delay_p50_us": cuts[49], "delay_p99_us": cuts[98], "samples": len(delays)}


async def measure_memory(rounds: int) -> dict[str, float]:
    """Megabytes that a reader costs who asked for books and never reads one."""
    client = connector()
    await client.universe()
    stream = client.stream_order_book("BTC")
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    frames = recorded()
    process = psutil.Process()

    async def play(start: int, count: int) -> None:
        for number in range(start, start + count):
            for frame in renewed(frames, number):
                await client.handler.feed(frame, 0)
                client.cache.apply(client.channel.get_nowait())

    await play(0, 50)
    await first
    before = process.memory_info().rss
    await play(50, rounds)
    grown = process.memory_info().rss - before
    await stream.aclose()
    await client.close()
    return {"frames_unread": rounds * len(frames), "grown_mb": grown / 2**20}


def signed_orders(signer: SdkSigner, count: int) -> list[bytes]:
    """Bodies of ``/exchange``, signed beforehand: resting orders at many prices."""
    now = time.time_ns() // 1_000_000
    bodies = []
    for number in range(count):
        wire = {"a": 1, "b": True, "p": str(2000 + number % 500), "s": "0.01", "r": False}
        order = msgspec.convert({**wire, "t": {"limit": {"tif": "Gtc"}}}, actions.OrderWire)
        action = msgspec.to_builtins(actions.Order(orders=[order], grouping="na"))
        signature = signer.sign(action, now + number, None)
        bodies.append(json.dumps({"action": action, "nonce": now + number, "signature": signature}).encode())
    return bodies


async def send(port: int, bodies: list[bytes], latencies: list[float]) -> None:
    """Send bodies one after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        head = HEAD + str(len(body))
        began = time.perf_counter()
        writer.write(head.encode() + b"\r\n\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        content = await reader.readexactly(length)
        latencies.append((time.perf_counter() - began) * 1e3)
        if b'"resting"' not in content:
            raise RuntimeError(content.decode())
    writer.close()


async def measure_orders(count: int, connections: int) -> dict[str, float]:
    """Signed orders a second through gateway and engine, real processes; one account a connection, all accepted."""
    signers = [SdkSigner(key, mainnet=False) for key in KEYS[:connections]]
    funded = [word for signer in signers for word in ("--hl-account", f"{signer.address}=10000000")]
    async with running_exchange("--scenario", "hyperliquid", *funded) as exchange:
        async with httpx.AsyncClient() as http:
            url = f"http://127.0.0.1:{exchange.port}/hl/info"
            question = {"type": "userRole", "user": signers[-1].address}
            while (await http.post(url, json=question)).json()["role"] != "user":  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        # Signed now: what was signed before the venue's start counts no more.
        shares = [signed_orders(signer, count // connections) for signer in signers]
        latencies: list[float] = []
        began = time.perf_counter()
        await asyncio.gather(*(send(exchange.port, share, latencies) for share in shares))
        elapsed = time.perf_counter() - began
    cuts = statistics.quantiles(latencies, n=100)
    name = f"orders_{connections}"
    return {f"{name}_per_s": len(latencies) / elapsed, f"{name}_p50_ms": cuts[49], f"{name}_p99_ms": cuts[98]}


async def main(rounds: int, orders: int) -> None:
    print(machine())
    results: dict[str, float] = {}
    results |= await measure_frames(rounds)
    results |= await measure_delay(max(1, rounds // 10))
    results |= await measure_memory(rounds)
    if importlib.util.find_spec("hyperliquid") and importlib.util.find_spec("eth_account"):
        for connections in (1, 8):
            results |= await measure_orders(orders, connections)
    for name, value in results.items():
        print(f"{name:22} {value:,.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400, help="times that the recording is played")
    parser.add_argument("--orders", type=int, default=1_000, help="signed orders")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.rounds, arguments.orders))

"""What visitors over SSH cost their host: spectators, who share one console, and traders, who have one each.

A process of its own serves a seeded market, `tradesim-tui ssh --open` hosts it, and this process is all the clients: it
logs in, reads what is sent and counts it. Processor time and memory are the host's and its consoles', from /proc; the
clients' are left out. One JSON line at the end.

    python -m benchmarks.hosting [--seconds 10] [--spectators 30] [--traders 10] [--trades 250]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncssh

from benchmarks.console import busy_market
from benchmarks.machine import machine

ROOT = Path(__file__).resolve().parent.parent
SIZE = (120, 40)
SETTLE_S = 3.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Visitor(asyncssh.SSHClientSession[bytes]):
    """A terminal that only counts."""

    def __init__(self) -> None:
        self.bytes = 0
        self.drawn = asyncio.Event()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:  # noqa: ARG002 - asyncssh passes it
        self.bytes += len(data)
        if self.bytes > 5_000:  # a whole picture has more
            self.drawn.set()


class Host:
    """The host's process and its consoles."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def consoles(self) -> list[int]:
        return [int(word) for word in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def cpu_s(self) -> tuple[float, float]:
        """Processor time so far of the host alone, and of its consoles."""
        return cpu_s(self.pid), sum(cpu_s(pid) for pid in self.consoles())


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident memory of a process, and its proportional share when pages are shared with others."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = {key: int(kb) for key, kb in re.findall(r"^(Rss|Pss):\s+(\d+)", text, re.M)}
    return found["Rss"] / 1024, found["Pss"] / 1024


async def visit(stack: AsyncExitStack, port: int, user: str, key: asyncssh.SSHKey) -> tuple[Visitor, float]:
    """Log in; the session, and how long it took to its first picture (seconds)."""
    start = time.perf_counter()
    connection = await stack.enter_async_context(
        asyncssh.connect("127.0.0.1", port, username=user, client_keys=[key], known_hosts=None, config=[])
    )
    _, session = await connection.create_session(
        Visitor, term_type="xterm-256color", term_size=SIZE, encoding=None, request_pty="force"
    )
    await session.drawn.wait()
    return session, time.perf_counter() - start


async def measure(host: Host, port: int, user: str, count: int, seconds: float) -> dict[str, float]:
    """The figures of so many visitors of one kind."""
    before_mb, _ = memory_mb(host.pid)
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(count)]
    async with AsyncExitStack() as stack:
        visits = [await visit(stack, port, user, key) for key in keys]
        await asyncio.sleep(SETTLE_S)
        (host_cpu, console_cpu), start = host.cpu_s(), time.perf_counter()
        seen = sum(session.bytes for session, _ in visits)
        await asyncio.sleep(seconds)
        elapsed = time.perf_counter() - start
        host_share, console_share = (
            (now - then) / elapsed for now, then in zip(host.cpu_s(), (host_cpu, console_cpu), strict=True)
        )
        rate = (sum(session.bytes for session, _ in visits) - seen) / elapsed / count
        memories = [memory_mb(pid) for pid in host.consoles()]
        host_mb, _ = memory_mb(host.pid)
    return {
        "visitors": count,
        "consoles": len(memories),
        "cpu_share": round(host_share + console_share, 4),
        "cpu_share_host": round(host_share, 4),
        "cpu_share_consoles": round(console_share, 4),
        "kilobytes_per_second_each": round(rate / 1000, 1),
        "login_to_picture_s": round(max(taken for _, taken in visits), 2),
        "host_memory_mb": round(host_mb, 1),
        "host_memory_mb_each": round((host_mb - before_mb) / count, 2),
        "console_memory_mb": round(max(rss for rss, _ in memories), 1),
        "console_memory_share_mb": round(sum(pss for _, pss in memories) / len(memories), 1),
    }


async def host(arguments: argparse.Namespace, url: str, user: str, count: int) -> dict[str, float]:
    """The figures of one kind of visitors, on a host of their own."""
    with tempfile.TemporaryDirectory() as data_dir:
        command = [
            sys.executable, "-m", "tui.cli", "ssh", "--open", "--url", url, "--ssh-port", "0", "--data-dir", data_dir,
            "--per-address", "500", "--spectators", "500", "--traders", "100",
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=os.environ | {"TRADESIM_CONFIG": "/nonexistent"}, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            await process.stdout.readline()
            port = int((await process.stdout.readline()).decode().rpartition(":")[2])
            return await measure(Host(process.pid), port, user, count, arguments.seconds)
        finally:
            process.terminate()
            await process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--spectators", type=int, default=30)
    parser.add_argument("--traders", type=int, default=10)
    parser.add_argument("--trades", type=int, default=250, help="prints a second, besides the books")
    arguments = parser.parse_args()
    with busy_market(arguments.trades) as url:
        print(machine())
        figures: dict[str, dict[str, float]] = {}
        kinds = (("spectators", "watch", arguments.spectators), ("traders", "trader", arguments.traders))
        for kind, user, count in kinds:
            figures[kind] = asyncio.run(host(arguments, url, user, count))
            print(kind, *(f"{name} {value}" for name, value in figures[kind].items()), sep="  ", flush=True)
    size = f"{SIZE[0]}x{SIZE[1]}"
    print(json.dumps({"hosting": figures, "size": size, "hz": 4, "prints_per_second": arguments.trades}))


if __name__ == "__main__":
    main()

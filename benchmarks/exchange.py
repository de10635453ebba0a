"""A whole exchange of real processes on free loopback ports, and what its processes cost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import psutil

START_LIMIT_S = 30
STOP_LIMIT_S = 10


class Exchange(NamedTuple):
    """Where the processes are."""

    host: str
    port: int
    engine_port: int
    data_dir: Path
    pids: dict[str, int]


class Usage(NamedTuple):
    """What a process has used: CPU in seconds since its start, resident memory in bytes now."""

    cpu_s: float
    rss: int


def usage(pid: int) -> Usage:
    """Read a process's use of CPU and memory."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    return Usage(times.user + times.system, process.memory_info().rss)


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.asynccontextmanager
async def running_exchange(*flags: str, agents: bool = False) -> AsyncIterator[Exchange]:
    """Start an exchange in a temporary data directory, and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port, engine_port = free_port(), free_port()
        arguments = ["serve", "--data-dir", folder, "--port", str(port), "--engine-port", str(engine_port), *flags]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tui.cli",
            *arguments,
            *([] if agents else ["--no-agents"]),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
            if not line.startswith(b"ready "):
                raise RuntimeError(f"the exchange did not start: {line.decode()}")
            pids = json.loads((Path(folder) / "pids.json").read_bytes())
            yield Exchange("127.0.0.1", port, engine_port, Path(folder), pids)
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
                except TimeoutError:
                    process.kill()
                    await process.wait()


def row(result: dict[str, object]) -> str:
    """One run as a line for people."""
    return "  ".join(f"{name} {value}" for name, value in result.items())


def run(main: object) -> None:
    """Run a benchmark's coroutine on uvloop where there is one."""
    import inspect

    assert inspect.iscoroutine(main)
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)

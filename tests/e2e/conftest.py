"""A whole exchange as real processes, on free loopback ports, in a data directory of its own."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

START_TIMEOUT_S = 30


@dataclass
class Exchange:
    """A running ``tradesim-tui serve``."""

    process: asyncio.subprocess.Process
    http_url: str
    ws_url: str
    data_dir: Path

    def pids(self) -> dict[str, int]:
        """Process ids of the tiers, as their supervisor wrote them down."""
        return msgspec.json.decode((self.data_dir / "pids.json").read_bytes(), type=dict[str, int])


@contextlib.asynccontextmanager
async def serving(data_dir: Path, *arguments: str, stderr: int | None = None) -> AsyncIterator[Exchange]:
    """Run ``tradesim-tui serve`` until the block ends; ``stderr`` as asyncio's subprocesses take it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--engine-port", "0", "--data-dir", str(data_dir)),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)).decode()
        word, http_url, ws_url = line.split()
        assert word == "ready"
        yield Exchange(process, http_url, ws_url, data_dir)
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), START_TIMEOUT_S)


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    """An exchange without agents."""
    async with serving(tmp_path, "--no-agents") as running:
        yield running

"""What an exchange says and does while its disk takes nothing; a limit on the size of its files stands in for one."""

import asyncio
import resource
from pathlib import Path

import pytest

from engine.oms import OrderManagementSystem
from engine.recovery import verify
from tests.e2e.conftest import serving

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process's files"),
]


def let_files_grow(pid: int, most: int) -> None:
    """Let a process, and those that it starts from now on, write files up to so many bytes."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def left(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def test_serve_tells_of_an_engine_that_cannot_write_and_goes_on_once_it_can(tmp_path: Path):
    async with serving(tmp_path, "--scenario", "calm", stderr=asyncio.subprocess.PIPE) as exchange:
        told = exchange.process.stderr
        assert told is not None
        first = exchange.pids()["engine"]
        for pid in (exchange.process.pid, first):
            let_files_grow(pid, 1)
        ended = "tradesim-tui: the engine process has ended and is started again until it serves: "
        line = (await asyncio.wait_for(told.readline(), 20)).decode()
        assert line.startswith(f"{ended}the journal can no longer be written ({tmp_path}/journal.sqlite: ")
        again = (await asyncio.wait_for(told.readline(), 20)).decode()
        assert again.startswith(ended)
        let_files_grow(exchange.process.pid, resource.RLIM_INFINITY)
        assert await asyncio.wait_for(told.readline(), 20) == b"tradesim-tui: the engine process serves again\n"
        assert exchange.pids()["engine"] != first
    assert verify(tmp_path, OrderManagementSystem).ok
    assert not left(tmp_path, "pids.*")

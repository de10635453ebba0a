"""Starts real engine processes for tests."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from net.process import Ready

MAIN = """
import sys
from pathlib import Path
from engine.commands import AccountLimits, AddInstrument, OpenAccount
from engine.instruments import Instrument
from engine.types import Durability
from net.engine_server import EngineConfig, run_engine
from net.errors import TradesimError
from net.process import run

initial = (
    AddInstrument(instrument=Instrument(symbol_id=1, ticker="ACME", initial_price=10_000)),
    OpenAccount(account="alice", cash=10**15, limits=AccountLimits(max_working_orders=None)),
    OpenAccount(account="bob", cash=10**15, positions={1: 100_000}, limits=AccountLimits(max_working_orders=None)),
)
config = EngineConfig(
    port=int(sys.argv[3]),
    data_dir=Path(sys.argv[1]),
    durability=Durability(sys.argv[2]),
    supervised=True,
    initial_commands=initial,
)
try:
    run(run_engine(config))
except TradesimError as error:
    sys.exit(f"tradesim: {error}")
"""


class EngineProcess:
    """A running engine process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.host = ""
        self.port = 0

    async def ready(self) -> Ready:
        """Wait for the ready line."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 30)
        ready = msgspec.json.decode(line, type=Ready)
        self.host, self.port = ready.host, ready.port
        return ready

    async def kill(self) -> None:
        """``kill -9``."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def engine_process(
    data_dir: Path | str, durability: str = "process", port: int = 0
) -> AsyncIterator[EngineProcess]:
    """Start one, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        MAIN,
        str(data_dir),
        durability,
        str(port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    engine = EngineProcess(process)
    try:
        yield engine
    finally:
        await engine.kill()
        assert process.stdin is not None
        process.stdin.close()
        process._transport.close()  # type: ignore[attr-defined] - asyncio leaves the pipes open after a kill

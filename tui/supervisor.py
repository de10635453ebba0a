"""Starts the tiers of the exchange as child processes, restarts those that die, and ends them in order.

Every child holds the read end of a pipe (its standard input) whose write end only the supervisor has. However the
supervisor ends, ``kill -9`` included, the kernel closes that pipe and the children stop by themselves: no orphans.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from net.errors import StartupError
from tui.settings import OWN_MODULE

EXIT_FAILURE = 1
EXIT_USER_ERROR = 2
"""Exit status of a tier that cannot start because of how it was asked to."""

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 8.0
BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 10.0
STABLE_AFTER_S = 30.0
"""A tier that ran this long starts again without delay when it dies."""


class TierStatus(Enum):
    """Where a tier stands."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class Ready(msgspec.Struct, frozen=True):
    """The one line a tier prints on standard output when it serves."""

    ready: str
    host: str = ""
    port: int = 0
    note: str = ""
    """What a person should know of how it started."""


@dataclass(frozen=True)
class Tier:
    """One child process: its name, and the arguments that start it."""

    name: str
    arguments: tuple[str, ...]


@dataclass
class TierState:
    """What is known of one tier now."""

    tier: Tier
    status: TierStatus = TierStatus.STARTING
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    """The newest lines that its process wrote to standard error."""
    end: str = ""
    """Why it ended the last time, in one line: its own last words where it had any."""
    note: str = ""
    """What a person should know of how it started the last time."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process is not None and self.process.returncode is None else None


class Supervisor:
    """Owns the child processes of one exchange.

    Use as an async context manager: entering starts every tier at once (they find each other by retrying), leaving
    stops them in reverse order. ``failed`` gets a ``StartupError`` when a tier refuses to start.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        on_change: Callable[[TierState], None] | None = None,
        command: Sequence[str] = (*OWN_MODULE, "tui.tiers"),
    ) -> None:
        self._command = tuple(command)
        self.states = [TierState(tier) for tier in tiers]
        self.failed: asyncio.Future[None]
        self._on_change = on_change or (lambda _state: None)
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Supervisor:
        self.failed = asyncio.get_running_loop().create_future()
        self.failed.add_done_callback(lambda failed: failed.cancelled() or failed.exception())  # told by whoever waits
        self._tasks = [
            asyncio.create_task(self._keep_running(state), name=f"supervise {state.tier.name}") for state in self.states
        ]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def wait_ready(self) -> None:
        """Wait until every tier serves; raises ``StartupError`` when one refuses to start or takes too long."""
        waiting = asyncio.create_task(self._all_ready(), name="wait for all tiers")
        try:
            await asyncio.wait({waiting, self.failed}, timeout=READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            if self.failed.done():
                self.failed.result()
            if not waiting.done():
                late = [state for state in self.states if not state.ready.is_set()]
                names = ", ".join(state.tier.name for state in late)
                why = next((state.end for state in late if state.end), "see the logs folder")
                raise StartupError(f"{names} did not start within {READY_TIMEOUT_S:.0f} s: {why}")
        finally:
            waiting.cancel()

    async def _all_ready(self) -> None:
        for state in self.states:
            await state.ready.wait()

    async def stop(self) -> None:
        """Stop every tier, last started first; one that does not follow in time is killed."""
        self._stopping.set()
        while True:
            for state in reversed(self.states):
                await self._stop_one(state)
            if all(state.pid is None for state in self.states):  # one may have been only starting when it was its turn
                break
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _stop_one(self, state: TierState) -> None:
        process = state.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        self._set_status(state, TierStatus.STOPPED)

    async def _keep_running(self, state: TierState) -> None:
        """Start one tier again and again until the supervisor stops."""
        delay = BACKOFF_FIRST_S
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                status = await self._run_once(state)
            except OSError as error:  # the system is short of processes, memory or files, for now
                status, state.end = EXIT_FAILURE, f"{state.tier.name} cannot be run: {error.strerror or error}"
            if status == EXIT_USER_ERROR and state.restarts == 0 and not self._stopping.is_set():
                self._fail(state)
                return
            state.restarts += 1
            self._set_status(state, TierStatus.STOPPED if self._stopping.is_set() else TierStatus.RESTARTING)
            if time.monotonic() - started > STABLE_AFTER_S:
                delay = BACKOFF_FIRST_S
            await asyncio.sleep(delay * (0.5 + random.random() / 2))
            delay = min(delay * 2, BACKOFF_MAX_S)

    async def _run_once(self, state: TierState) -> int:
        """Run one tier until it ends; its exit status."""
        self._set_status(state, TierStatus.STARTING)
        state.last_words.clear()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *state.tier.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops the tiers in order
        )
        state.process = process
        output, errors = process.stdout, process.stderr
        assert output is not None  # noqa: S101 - it is a PIPE
        assert errors is not None  # noqa: S101 - it is a PIPE
        reading_errors = asyncio.create_task(self._read_errors(state, errors))
        try:
            async for line in _lines(output):
                self._read_ready(state, line)
            await reading_errors
            status = await process.wait()
            state.end = _why(state, status)
            return status
        finally:
            reading_errors.cancel()
            state.ready.clear()

    def _read_ready(self, state: TierState, line: bytes) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            state.note = msgspec.json.decode(line, type=Ready).note
            self._set_status(state, TierStatus.READY)
            state.ready.set()

    async def _read_errors(self, state: TierState, stream: asyncio.StreamReader) -> None:
        async for line in _lines(stream):
            state.last_words.append(line.decode(errors="replace").rstrip())

    def _fail(self, state: TierState) -> None:
        self._set_status(state, TierStatus.STOPPED)
        if not self.failed.done():
            self.failed.set_exception(StartupError(state.end))

    def _set_status(self, state: TierState, status: TierStatus) -> None:
        state.status = status
        self._on_change(state)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """What a tier says, line by line; of a line longer than the stream's buffer, its end."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue
        if not line:
            return
        yield line


def _why(state: TierState, status: int) -> str:
    """Why a tier ended with this exit status."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    words = next((line for line in reversed(state.last_words) if line), "")
    return words.removeprefix("tradesim-tui: ") or f"{state.tier.name} ended with exit status {status}"

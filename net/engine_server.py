"""The engine's TCP door, and the engine process behind it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.journal_files import boot_id
from engine.journal_lock import lock_data_dir, require_no_journal
from engine.oms import OrderManagementSystem
from engine.recovery import Recovery, recover
from engine.service import RecoverableService
from engine.types import Durability
from net.engine_connection import EngineConnection
from net.engine_pipeline import EnginePipeline
from net.errors import EngineFailed, StartupError
from net.garbage import GarbagePolicy
from net.logs import configure_logging, get_logger
from net.process import Ready, is_loopback, prepare_data_dir, serve_until_stopped

QUEUE_CAPACITY = 65_536
KEPT_EVENTS = 200_000
"""Events kept for subscribers that come later or fall behind."""
KEPT_COMMANDS = 20_000
"""Commands whose events a start keeps, for gateways that had not heard of them when the engine died."""
SNAPSHOT_COMMANDS = 100_000
"""Commands after which the state is kept in the journal, at a quiet moment; after twice as many at any moment."""
CLOSE_TIMEOUT_S = 2.0
UPKEEP_S = 1.0
STALL_CUT_S = 10.0
"""A peer that reads nothing for so long is cut off."""
MAX_CONNECTIONS = 1_024

log = get_logger("engine")


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to run an engine process."""

    host: str = "127.0.0.1"
    port: int = 9999
    trust_network: bool = False
    """Listen beyond loopback, where whoever reaches the port may act for every account."""
    data_dir: Path | None = None
    """Without one nothing is kept."""
    durability: Durability = Durability.PROCESS
    queue_capacity: int = QUEUE_CAPACITY
    kept_events: int = KEPT_EVENTS
    initial_commands: tuple[AnyCommand, ...] = ()
    """Applied to a new exchange only, that is when the journal is empty."""
    supervised: bool = False
    """Stop when standard input ends."""


class EngineServer:
    """Serves one order-management system over TCP.

    Args:
        journal: where commands are kept, recovered from and begun; None keeps nothing.
        clock: nanoseconds since the epoch.
        epoch: names the history when there is no journal that does.
        last_time: time of the last command in the journal.
        past: times and events of the last commands before the start, for subscribers that had not heard of them.
        on_failure: called when the state or the journal can no longer be trusted; the process must end then.
    """

    def __init__(
        self,
        service: RecoverableService,
        journal: Journal | None = None,
        clock: Callable[[], int] = time.time_ns,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        epoch: str = "",
        last_time: int = 0,
        queue_capacity: int = QUEUE_CAPACITY,
        kept_events: int = KEPT_EVENTS,
        past: Sequence[tuple[int, list[AnyEvent]]] = (),
        stall_cut_s: float = STALL_CUT_S,
        on_failure: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self.host = host
        self.port = port
        """The port bound, once started."""
        self.pipeline = EnginePipeline(
            service,
            journal,
            clock,
            epoch=epoch or (journal.epoch if journal else secrets.token_hex(8)),
            last_time=last_time,
            queue_capacity=queue_capacity,
            kept_events=kept_events,
            past=past,
            on_failure=on_failure,
        )
        self._journal = journal
        self._stall_cut_s = stall_cut_s
        self._server: asyncio.Server | None = None
        self._ended = False
        self._connections: set[EngineConnection] = set()
        self._no_connections = asyncio.Event()
        self._upkeep: asyncio.Task[None] | None = None

    @property
    def subscribers(self) -> int:
        """Connections that receive events."""
        return len(self.pipeline.feed.subscribers)

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return len(self._connections)

    @property
    def buffered_bytes(self) -> int:
        """Bytes written that no peer has taken yet."""
        return sum(connection.buffered_bytes for connection in self._connections)

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            StartupError: the address cannot be bound.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: EngineConnection(self.pipeline, self._opened, self._closed), self.host, self.port
            )
        except OSError as error:
            raise StartupError(bind_failure(self.host, self.port, error)) from error
        self.port = self._server.sockets[0].getsockname()[1]
        self.pipeline.start()
        self._upkeep = asyncio.create_task(self._keep_up(), name="engine upkeep")

    async def close(self) -> None:
        """Stop in order: no new connections, do and answer what is queued, keep the state, close what is open."""
        if self._ended:
            return
        self._ended = True
        if self._server is not None:
            self._server.close()
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        await self.pipeline.stop()
        for connection in tuple(self._connections):
            connection.close()
        if self._connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._no_connections.wait()
        for connection in tuple(self._connections):
            connection.abort()
        if self._server is not None:
            await self._server.wait_closed()

    def _opened(self, connection: EngineConnection) -> None:
        self._connections.add(connection)
        if len(self._connections) > MAX_CONNECTIONS:
            log.warning("connection refused", connections=MAX_CONNECTIONS)
            connection.abort()
        self._no_connections.clear()

    def _closed(self, connection: EngineConnection) -> None:
        self._connections.discard(connection)
        self.pipeline.forget(connection)
        if not self._connections:
            self._no_connections.set()

    async def _keep_up(self) -> None:
        """Once a second: cut off who does not read, tidy the journal and keep the state when it is time."""
        loop = asyncio.get_running_loop()
        journal, seen = self._journal, -1
        try:
            while not self.pipeline.failed:
                await asyncio.sleep(UPKEEP_S)
                self._cut_stalled()
                quiet, seen = self.pipeline.commands == seen, self.pipeline.commands
                if journal is None:
                    continue
                if journal.checkpoint_due:
                    await loop.run_in_executor(None, journal.checkpoint)
                if journal.restart_due:
                    await self.pipeline.line.between_writes(journal.restart_wal)
                    self.pipeline.schedule()  # a turn may have waited for it
                if journal.since_snapshot >= SNAPSHOT_COMMANDS * (1 if quiet else 2):
                    await self.pipeline.keep_snapshot()
        except Exception as error:
            log.exception("upkeep failed")
            self.pipeline.fail(error)

    def _cut_stalled(self) -> None:
        for connection in tuple(self._connections):
            if connection.stalled_s > self._stall_cut_s:
                log.warning("connection cut off", stalled_s=round(connection.stalled_s, 1))
                connection.abort()

    async def __aenter__(self) -> EngineServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def run_engine(config: EngineConfig) -> None:
    """Run the engine process until it is told to stop.

    Raises:
        StartupError: it cannot start; the message is one line that says why.
        EngineFailed: the journal can no longer be written; the message is one line, too.
    """
    if not config.trust_network and not is_loopback(config.host):
        raise StartupError(
            f"the engine asks nobody who he is, so it does not listen on {config.host}; "
            "--trust-network lets it, and whoever reaches the port act for every account"
        )
    if config.data_dir is not None:
        prepare_data_dir(config.data_dir)
    configure_logging(config.data_dir, "engine")
    past: deque[tuple[int, list[AnyEvent]]] = deque(maxlen=KEPT_COMMANDS)
    with contextlib.ExitStack() as held:
        journal, service, recovery = _recover(config, past, held)
        if recovery is not None:
            tell = log.warning if recovery.note else log.info
            tell("recovered", **msgspec.structs.asdict(recovery))
        try:
            await _serve(config, journal, service, recovery, past)
        except JournalError as error:
            raise EngineFailed(
                f"the journal can no longer be written ({error}): nothing more is acknowledged, and what was is kept; "
                "make room on the disk, or mend it"
            ) from error


async def _serve(
    config: EngineConfig,
    journal: Journal | None,
    service: RecoverableService,
    recovery: Recovery | None,
    past: Sequence[tuple[int, list[AnyEvent]]],
) -> None:
    """Serve until told to stop, and stop in order; raises what it failed of."""
    failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    server = EngineServer(
        service,
        journal,
        host=config.host,
        port=config.port,
        last_time=recovery.last_time if recovery else 0,
        queue_capacity=config.queue_capacity,
        kept_events=config.kept_events,
        past=past,
        on_failure=failure.set_exception,
    )
    tidying = asyncio.create_task(GarbagePolicy().run(lambda: server.pipeline.commands), name="engine garbage")
    try:
        if recovery is None or recovery.commands == 0:
            server.pipeline.seed(config.initial_commands)
        await server.start()
        stats = server.pipeline.stats()
        log.info("serving", port=server.port, epoch=stats.epoch, durability=stats.durability.value)
        ready = Ready("engine", config.host, server.port, recovery.note if recovery is not None else "")
        reason = await serve_until_stopped(ready, supervised=config.supervised, failure=failure)
        log.info("stopping", reason=reason)
    except Exception:
        log.exception("failed")
        raise
    finally:
        tidying.cancel()
        await server.close()
        if journal is not None:
            journal.close(clean=not server.pipeline.failed)
    if failure.done():  # while it stopped
        failure.result()


def _recover(
    config: EngineConfig, past: deque[tuple[int, list[AnyEvent]]], held: contextlib.ExitStack
) -> tuple[Journal | None, RecoverableService, Recovery | None]:
    """Open the journal and go back to where it ends; ``past`` gets what happened last.

    Without a journal the data directory is ours alone just the same, as long as ``held`` is open.
    """
    try:
        if config.data_dir is None:
            return None, OrderManagementSystem(), None
        if config.durability is Durability.NONE:
            held.enter_context(lock_data_dir(config.data_dir))
            require_no_journal(config.data_dir)
            return None, OrderManagementSystem(), None
        if config.durability is Durability.POWER:
            sys.setswitchinterval(0.0005)  # the journal's thread must not wait 5 ms for its turn
        journal = Journal.open(config.data_dir, config.durability, new_epoch=secrets.token_hex(8), boot_id=boot_id())
        try:
            return journal, *recover(journal, OrderManagementSystem, lambda now, events: past.append((now, events)))
        except JournalError:
            journal.close(clean=False)
            raise
    except JournalError as error:
        raise StartupError(str(error)) from error


def bind_failure(host: str, port: int, error: OSError) -> str:
    """Say in one line why an address cannot be bound."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another with --engine-port"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs privileges: choose one above 1023"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"

"""What every process of the exchange does alike: event loop, signals, the ready line, the data directory."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import msgspec

from net.errors import StartupError

T = TypeVar("T")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Ready(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one line a process prints on standard output, once it serves. ``ready`` is its name."""

    ready: str
    host: str = ""
    port: int = 0
    note: str = ""
    """What a person should know of how it started."""


def run(main: Coroutine[object, object, T], *, screen: bool = False) -> T:
    """Run a process's main coroutine on uvloop, or on asyncio's own loop where there is no uvloop.

    A ``screen`` is always drawn on asyncio's own: Textual starts tasks eagerly from Python 3.12 on, uvloop cannot.
    """
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if not screen:
        with contextlib.suppress(ImportError):
            import uvloop

            loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


async def serve_until_stopped(
    ready: Ready | str, *, supervised: bool = False, failure: asyncio.Future[None] | None = None
) -> str:
    """Print the ready line (JSON for a supervisor, or a text), then wait until the process shall stop; returns why.

    It shall stop on SIGTERM, SIGINT or SIGHUP and, when ``supervised``, when standard input ends: a pipe from the
    supervisor does so however the supervisor dies. A failure of ``failure`` is raised.
    """
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[str] = loop.create_future()

    def stop(reason: str) -> None:
        if not stopped.done():
            stopped.set_result(reason)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number.name)
    try:
        if supervised:
            _watch_stdin(lambda: loop.call_soon_threadsafe(stop, "the supervisor is gone"))
        _print_line(ready if isinstance(ready, str) else msgspec.json.encode(ready).decode())
        if failure is not None:
            failure.add_done_callback(lambda _: stop("it failed"))
        reason = await stopped
        if failure is not None and failure.done():
            failure.result()
        return reason
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


def _watch_stdin(on_end: Callable[[], object]) -> None:
    """Call ``on_end``, from a thread, when standard input ends.

    A thread, because event loops cannot watch every kind of file that standard input may be.
    """

    def read_to_end() -> None:
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # RuntimeError: the loop closed before the pipe
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):
            on_end()

    threading.Thread(target=read_to_end, name="stdin watch", daemon=True).start()


def _print_line(line: str) -> None:
    """Print on standard output; a reader that has gone is no reason to fail."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def prepare_data_dir(data_dir: Path) -> Path:
    """Make the data directory, for its owner only, if it is not there.

    Raises:
        StartupError: it cannot be made or written to.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        message = f"the data directory {data_dir} cannot be written to: {error.strerror or error}"
        raise StartupError(message) from error
    return data_dir


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def client_address(peer: str, forwarded: str) -> str:
    """Who is behind a connection: a proxy on this machine is believed what it says of its client.

    Args:
        peer: address of the other end.
        forwarded: its header X-Forwarded-For; the last entry is the proxy's own.
    """
    client = forwarded.rpartition(",")[2].strip()
    return client if client and is_loopback(peer) else peer

"""A program on a pseudo-terminal of its own: what it draws comes out, keys and sizes go in."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

READ_BYTES: Final = 1 << 16
BURST_BYTES: Final = 2_048
"""A read of so much is probably not the end of what was written."""
BURST_S: Final = 0.005
MAX_TYPED_BYTES: Final = 1 << 16
"""What may wait for a program that does not read its keys; the rest is dropped."""
STOP_TIMEOUT_S: Final = 3.0


class Size(NamedTuple):
    """A terminal's size in cells."""

    columns: int
    rows: int

    @classmethod
    def asked(cls, columns: int, rows: int) -> Size:
        """What a client says its size is, within reason: 80×24 when it does not know."""
        return cls(min(columns, 400), min(rows, 150)) if columns > 0 and rows > 0 else cls(80, 24)


class Terminal:
    """One running program. ``on_output`` gets what it writes, ``on_end`` its exit status, once."""

    def __init__(self, on_output: Callable[[bytes], None], on_end: Callable[[int], None]) -> None:
        self._on_output = on_output
        self._on_end = on_end
        self._master = -1
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._drawn: list[bytes] = []
        self._typed = bytearray()
        self._loop = asyncio.get_running_loop()
        self._burst: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self, command: Sequence[str], environment: Mapping[str, str], size: Size) -> None:
        """Run the command; it should take the terminal for its own (TIOCSCTTY), so that it dies with us."""
        self._master, slave = pty.openpty()
        try:
            self._set_size(size)
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=slave, stdout=slave, stderr=slave, env=dict(environment), start_new_session=True
            )
        except BaseException:
            os.close(self._master)
            self._master = -1
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        self._loop.add_reader(self._master, self._read)
        self._waiting = asyncio.create_task(self._wait(self._process), name=f"console {self._process.pid}")

    def type(self, data: bytes) -> None:
        """Press keys."""
        if self._master < 0 or len(self._typed) + len(data) > MAX_TYPED_BYTES:
            return
        if not self._typed:
            self._loop.add_writer(self._master, self._write)
        self._typed += data

    def resize(self, size: Size) -> None:
        """Give it another size; the kernel tells it when that is news."""
        if self._master >= 0:
            self._set_size(size)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def ended(self) -> None:
        """Wait for the program's end."""
        if self._waiting is not None:
            await asyncio.wait({self._waiting})

    async def close(self) -> None:
        """End the program: asked first, then killed."""
        if self._process is None or self._waiting is None:
            return
        self.signal(signal.SIGTERM)
        done, _ = await asyncio.wait({self._waiting}, timeout=STOP_TIMEOUT_S)
        if not done:
            self.signal(signal.SIGKILL)
            await self._waiting

    # --- within

    def _set_size(self, size: Size) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))

    def _read(self) -> None:
        """Take what is there; a pseudo-terminal hands a frame out in pieces, which are passed on together."""
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # Linux says so when the program is gone
            data = b""
        if not data:
            self._loop.remove_reader(self._master)
            return
        self._drawn.append(data)
        if self._burst is None:
            delay = BURST_S if len(data) >= BURST_BYTES else 0
            self._burst = self._loop.call_later(delay, self._pass_on)

    def _pass_on(self) -> None:
        self._burst = None
        if self._drawn:
            data = b"".join(self._drawn)
            self._drawn.clear()
            self._on_output(data)

    def _write(self) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                del self._typed[: os.write(self._master, self._typed)]
            except BlockingIOError:
                raise
            except OSError:
                self._typed.clear()
        if not self._typed:
            self._loop.remove_writer(self._master)

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        self._loop.remove_writer(self._master)
        self._loop.remove_reader(self._master)
        with contextlib.suppress(OSError):
            while data := os.read(self._master, READ_BYTES):
                self._drawn.append(data)
        if self._burst is not None:
            self._burst.cancel()
        self._pass_on()
        os.close(self._master)
        self._master = -1
        self._on_end(status)

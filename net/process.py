"""What every process of the exchange does alike: event loop, signals, the ready line, the log file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from net.errors import StartupError

T = TypeVar("T")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LOG_FILE_BYTES = 8 * 1024 * 1024
LOG_FILES = 4
"""A process keeps this many old log files beside the current one."""


class Ready(msgspec.Struct, frozen=True):
    """The one line a process prints on standard output, once it serves. ``ready`` is its name."""

    ready: str
    host: str = ""
    port: int = 0


def run(main: Coroutine[object, object, T]) -> T:
    """Run a process's main coroutine on uvloop, or on asyncio's own loop where there is no uvloop."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
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


def boot_id() -> str:
    """Name the time since this machine was started; "" where it has no name."""
    try:
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, subprocess.SubprocessError):
        return ""


# --- logging ------------------------------------------------------------------------------------------------------

_SECRET_KEYS = frozenset({"token", "credential", "secret", "password", "authorization", "api_key", "private_key"})
_SECRET_TEXT = re.compile(r"(?i)((?:token|api_key|secret|password|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+")


def mask_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace the values of secrets, whether they are fields or parts of a text such as a URL's query."""
    del logger, method
    for key, value in event.items():
        if key.lower() in _SECRET_KEYS:
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _SECRET_TEXT.sub(r"\1***", value)
    return event


_PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    mask_secrets,
]
_TO_LOGGING: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_PROCESSORS,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger with fields: ``log.info("what happened", field=1)``. Quiet until logging is configured."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name), processors=_TO_LOGGING, wrapper_class=structlog.stdlib.BoundLogger
    )
    return logger


def configure_logging(data_dir: Path | None, name: str, level: int = logging.INFO) -> None:
    """Log as JSON lines to ``data_dir/logs/NAME.log``, rotated and bounded; without a directory, nowhere.

    Takes what libraries log with ``logging`` as well. Nothing is ever written to the screen, and values that go by a
    secret's name are masked.

    Raises:
        StartupError: the file cannot be written to.
    """
    handler: logging.Handler = logging.NullHandler()
    if data_dir is not None:
        handler = _log_file(data_dir / "logs" / f"{name}.log")
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=_PROCESSORS,
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(serializer=_to_json),
                ],
            )
        )
    root = logging.getLogger()
    for old in root.handlers:
        old.close()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=_TO_LOGGING,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _log_file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return logging.handlers.RotatingFileHandler(path, maxBytes=LOG_FILE_BYTES, backupCount=LOG_FILES)
    except OSError as error:
        raise StartupError(f"the log file {path} cannot be written to: {error.strerror or error}") from error


def _to_json(event: EventDict, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()

"""``tradesim-tui doctor``: what a person, or somebody helping one, needs to know when something does not work."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import typer

from net.errors import StartupError
from tui.options import DataDir, EnginePort, Host, Port
from tui.settings import DEFAULT_ENGINE_PORT, DEFAULT_HOST, DEFAULT_PORT, config_path, load_config, usable_port

LIBRARIES = ("textual", "rich", "typer", "websockets", "msgspec", "uvicorn", "litestar", "uvloop", "sortedcontainers")
SMALLEST = (60, 16)


def doctor(
    data_dir: DataDir,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    engine_port: EnginePort = DEFAULT_ENGINE_PORT,
) -> None:
    """Print what this installation, terminal and exchange look like, and what is wrong with them.

    Exit status 1 when something would keep the exchange from starting.
    """
    sick = False
    for healthy, name, finding in (*_installation(), *_terminal(), *_exchange(data_dir, host, port, engine_port)):
        sick = sick or not healthy
        typer.echo(f"{'ok ' if healthy else 'BAD'} {name:<12}{finding}")
    if sick:
        raise typer.Exit(1)


Finding = tuple[bool, str, str]


def _installation() -> Iterator[Finding]:
    from engine import build_kind

    yield (
        True,
        "version",
        f"tradesim-tui {version('tradesim-tui')} on Python {platform.python_version()}, {sys.platform}",
    )
    yield True, "engine", f"{build_kind()} build"
    yield True, "libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _terminal() -> Iterator[Finding]:
    term, colorterm = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    colours = (
        "true colour" if colorterm in {"truecolor", "24bit"} else "256 colours" if "256" in term else "few colours"
    )
    if "NO_COLOR" in os.environ:
        colours += ", switched off by NO_COLOR"
    yield True, "terminal", f"TERM={term or '(none)'} COLORTERM={colorterm or '(none)'}: {colours}"
    if sys.stdout.isatty():
        size = shutil.get_terminal_size()
        fits = size.columns >= SMALLEST[0] and size.lines >= SMALLEST[1]
        yield fits, "size", f"{size.columns}x{size.lines}; the console needs {SMALLEST[0]}x{SMALLEST[1]}"
    encoding = sys.stdout.encoding or "unknown"
    yield encoding.lower().startswith("utf"), "encoding", f"{encoding}; the console draws with UTF-8"


def _exchange(data_dir: DataDir, host: str, port: int, engine_port: int) -> Iterator[Finding]:
    from net.process import prepare_data_dir

    running = _health(host, port)
    try:
        load_config()
        yield True, "settings", f"{config_path()}" + ("" if config_path().exists() else " (none)")
    except StartupError as error:
        yield False, "settings", str(error)
    try:
        yield True, "data", str(prepare_data_dir(data_dir).resolve())
        yield _journal(data_dir, running=running is not None)
    except StartupError as error:
        yield False, "data", str(error)
    if running is not None:
        yield True, "exchange", f"runs on port {port}: {running}"
        return
    for number, flag in ((port, "--port"), (engine_port, "--engine-port")):
        try:
            usable_port(host, number, flag)
            yield True, "port", f"{number} is free"
        except StartupError as error:
            yield False, "port", str(error)


def _journal(data_dir: Path, *, running: bool) -> Finding:
    """What a start would make of the journal; nothing of it is changed."""
    from engine.journal_errors import JournalError
    from engine.journal_files import FILE_NAME
    from engine.journal_lock import in_use, require_free
    from engine.oms import OrderManagementSystem
    from engine.recovery import examine
    from engine.types import Durability

    if running and in_use(data_dir):
        return True, "journal", "in use by an exchange"
    try:
        require_free(data_dir, Durability.PROCESS)
        if not (data_dir / FILE_NAME).exists():
            return True, "journal", "none yet"
        found = examine(data_dir, OrderManagementSystem)
    except JournalError as error:
        return False, "journal", str(error)
    cut = found.torn or found.cut_from is not None
    note = "; its end is not whole: a start goes on without it, in a new epoch" if cut else ""
    return True, "journal", f"{found.commands:,} commands{note}"


def _health(host: str, port: int) -> str | None:
    """What an exchange on this port says of itself; None when there is none."""
    import httpx

    try:
        answer = httpx.get(f"http://{host}:{port}/health", timeout=2)
        return answer.text if "engine_connected" in answer.text else None
    except httpx.HTTPError:
        return None

"""Where data and configuration live, and checks that tell a bad setting in one line before anything starts."""

from __future__ import annotations

import errno
import os
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import platformdirs

from net.errors import StartupError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_ENGINE_PORT = 9999
OWN_MODULE = (sys.executable, "-P", "-m")
"""Runs a module of this installation: not one of the same name in the directory that the user happens to be in."""
PIDS_FILE = "pids.json"
"""In the data directory: which process is which tier, for people and tools that look at a running exchange."""


def default_data_dir() -> Path:
    """The platform's folder for this application's data."""
    return Path(platformdirs.user_data_dir("tradesim-tui", appauthor=False))


def config_path() -> Path:
    """The configuration file: ``TRADESIM_CONFIG``, or config.toml in the platform's configuration folder."""
    if override := os.environ.get("TRADESIM_CONFIG"):
        return Path(override)
    return Path(platformdirs.user_config_dir("tradesim-tui", appauthor=False)) / "config.toml"


def load_config() -> dict[str, Any]:
    """Read the configuration file; a table per command, a key per flag. Without a file there are no settings.

    Raises:
        StartupError: the file cannot be read or is not TOML.
    """
    path = config_path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartupError(f"configuration {path}: {error}") from error


def usable_port(host: str, port: int, flag: str) -> int:
    """Return the port, or a free one for 0, on which a server could listen now.

    Raises:
        StartupError: nothing could listen there; names the flag to choose another with.
    """
    try:
        with socket.create_server((host, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror or error}"
        raise StartupError(f"port {port} on {host} {reason}; choose another with {flag}") from error


def reachable_host(host: str) -> str:
    """What to write in a URL for a server that listens on ``host``."""
    host = DEFAULT_HOST if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound
    return f"[{host}]" if ":" in host else host


def check_terminal() -> None:
    """Raise ``StartupError`` unless somebody sits at a terminal that a console can be drawn on.

    COLUMNS and LINES, which some shells leave behind, would hide the terminal's own size and every change of it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StartupError("the console needs a terminal; to run the exchange without one, use `tradesim-tui serve`")
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)

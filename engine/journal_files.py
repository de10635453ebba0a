"""The files of a journal, and how to read them without leaving a trace."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from engine.journal_errors import ADVICE, JournalCorrupt, JournalError

FILE_NAME = "journal.sqlite"

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_MAGIC = b"SQLite format 3\0"


def require_database(path: Path) -> None:
    """Raise unless a file begins as a database does: of an empty one SQLite would throw away the log unread."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise JournalCorrupt(f"{path} is damaged: its beginning is not that of a journal; {ADVICE}")


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a database for reading, also while it is written."""
    return _connect(path, "mode=ro")


def connect_alone(path: Path, frames: int) -> sqlite3.Connection:
    """Open a database that nobody writes meanwhile for reading, so that nothing at all is touched.

    The index of the log is made in memory, and there is nothing to lock. Close it before another connection of this
    process is opened: its locks would go with this one's file.

    Args:
        frames: of the log up to its end. SQLite would remove a log that seems to have none.
    """
    if not frames:
        return _connect(path, "immutable=1")
    connection = _connect(path, "mode=ro&vfs=unix-none")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def _connect(path: Path, how: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{how}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


def explained(path: Path, error: Exception) -> JournalError:
    """What SQLite or the operating system says of a file, as one line for a person."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # none: a text that cannot be decoded
    if isinstance(error, sqlite3.Error) and code in _DAMAGE:
        found = "".join(letter if letter.isprintable() else "?" for letter in str(error))  # it quotes what is damaged
        return JournalCorrupt(f"{path} is damaged: {found}; {ADVICE}")
    return JournalError(f"{path}: {error}")


def boot_id() -> str:
    """Name the time since this machine was started; "" where it has no name."""
    try:
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, subprocess.SubprocessError):
        return ""

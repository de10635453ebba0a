"""One engine at a time in a data directory, and none that leaves the directory's journal out.

Whatever its durability, an engine has the directory's lock while it runs: gateway and agents keep files there, too,
which belong to that engine's accounts.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from engine.journal_errors import JournalError
from engine.journal_files import FILE_NAME
from engine.types import Durability

LOCK_NAME = "engine.lock"


class JournalLocked(JournalError):
    """Another engine uses the data directory."""


def lock_data_dir(data_dir: Path) -> IO[bytes]:
    """Have the directory until the file returned is closed, however the process ends.

    Raises:
        JournalLocked: another engine has it.
        JournalError: it cannot be written to.
    """
    try:
        lock = (data_dir / LOCK_NAME).open("ab")
    except OSError as error:
        raise JournalError(f"{data_dir}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise _locked(data_dir) from error
    return lock


def in_use(data_dir: Path) -> bool:
    """Whether an engine has the directory now."""
    try:
        with (data_dir / LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def kept_from_writing(data_dir: Path) -> bool:
    """Whether nobody writes there who could be seen, and we could not: on a read-only mount, where SQLite cannot make
    the files beside a journal by which it is read while it is written."""
    return not os.access(data_dir, os.W_OK) and not in_use(data_dir)


def require_free(data_dir: Path, durability: Durability) -> None:
    """Say before anything is started what would be refused then.

    Raises:
        JournalLocked: an engine has the directory.
        JournalError: see ``require_no_journal``.
    """
    if in_use(data_dir):
        raise _locked(data_dir)
    if durability is Durability.NONE:
        require_no_journal(data_dir)


def require_no_journal(data_dir: Path) -> None:
    """Raise ``JournalError`` when the directory has a journal: an engine that keeps none would begin another history
    beside it, and the files of its agents would take the place of those of the accounts in the journal."""
    if (data_dir / FILE_NAME).exists():
        raise JournalError(
            f"{data_dir} has a journal, which --durability none would leave out: "
            "choose another --data-dir, or start without --durability none"
        )


def _locked(data_dir: Path) -> JournalLocked:
    return JournalLocked(
        f"the data directory {data_dir} is in use by another engine: end that one, or choose another --data-dir"
    )

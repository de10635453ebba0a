"""Who was here: a line for every visit and every refusal, in the data directory's logs."""

from __future__ import annotations

import logging
import logging.handlers
import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from net.errors import StartupError

FILE = "visits.log"
FILE_BYTES = 8 << 20
FILES = 4


class AuditLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line of the audit log."""

    time: str
    """UTC, ISO 8601."""
    event: Literal["entered", "left", "refused"]
    door: str
    """``ssh`` or ``web``."""
    who: str
    """Fingerprint of the key or of the browser; "" for one who only watches without any."""
    name: str
    address: str
    trades: bool
    seconds: float | None = None
    """How long the visit took."""
    why: str = ""
    """Of a refusal or an end."""


class Audit:
    """Appends to the audit log; a host that cannot write it does not start."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / "logs" / FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
            self._file = logging.handlers.RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES)
        except OSError as error:
            raise StartupError(f"the audit log {path} cannot be written to: {error.strerror or error}") from error

    def write(self, line: AuditLine) -> None:
        """Append a line."""
        text = msgspec.json.encode(line).decode()
        self._file.emit(logging.LogRecord("audit", logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def now_text() -> str:
    """The time of an audit line."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""What a hosted console is started with, and how."""

from __future__ import annotations

import os
from typing import Final

import msgspec

from net.trust import CERTIFICATE_VARIABLE
from tui.settings import OWN_MODULE

REMOTE_HZ: Final = 4.0
"""Frames a second of a console that is looked at over a network."""
MARK: Final = "\x1b[?7733777h"
"""Written by a hosted console before a whole picture: a private mode that no terminal knows, so none minds it."""
PASSED_ON: Final = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TRADESIM_CONFIG", "PYTHONPATH", "VIRTUAL_ENV", "TZ",
    "SSL_CERT_FILE", "SSL_CERT_DIR", CERTIFICATE_VARIABLE, "PYTHONWARNINGS",
)  # fmt: skip
"""The only variables of the host's environment that a console gets: nothing that could be a secret."""


class ConsoleOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One console for one visitor, or for all who only watch."""

    url: str
    """WebSocket address of the gateway."""
    data_dir: str
    """Folder of its own: the account's key, its log."""
    exchange: str
    """Name in the wallet of the exchange."""
    name: str
    """Name of an account that is opened."""
    spectator: bool = False
    rate_hz: float = REMOTE_HZ

    def command(self) -> list[str]:
        """The command that runs it."""
        return [*OWN_MODULE, "tui.hosting.console", msgspec.json.encode(self).decode()]


def environment(term: str, *, truecolor: bool) -> dict[str, str]:
    """The variables that a hosted console sees."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    colours = {"COLORTERM": "truecolor"} if truecolor else {}
    return kept | {"TERM": term, "LANG": "C.UTF-8", "PYTHONUTF8": "1"} | colours

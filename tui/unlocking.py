"""Before a console may send real orders: which network, which key, which cap, and a sentence that a person types."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from net.errors import StartupError
from tui.settings import check_terminal

if TYPE_CHECKING:
    from net.hyperliquid.safety import Safety


DEFAULT_CAP = 100
"""Dollars."""


@dataclass(frozen=True, kw_only=True)
class RealOrders:
    """What was asked for on the command line."""

    network: str
    """mainnet, testnet, or the base URL of a simulator."""
    cap: int
    """Largest value of one order, in dollars."""
    key_file: Path | None = None

    def unlock(self) -> Safety:
        """Have the confirmation typed at the terminal.

        Raises:
            StartupError: no such network, no usable key, or something else was typed.
        """
        from net.hyperliquid.decimals import SCALE
        from net.hyperliquid.keys import read_key
        from net.hyperliquid.safety import Locked, Safety, network_url, real_network

        check_terminal()
        url = network_url(self.network)
        safety = Safety(real_network(url), self.cap * SCALE)
        read_key(self.key_file)  # what is wrong with it is told before anybody types
        sys.stdout.write(
            f"Orders of the live instruments will leave for {url}: they are real, and nobody takes them back.\n"
            f"To go on, type   {safety.confirmation}\n> "
        )
        sys.stdout.flush()
        try:
            safety.unlock(sys.stdin.readline())
        except Locked as error:
            raise StartupError(f"nothing was started: what was typed is not {safety.confirmation!r}") from error
        return safety

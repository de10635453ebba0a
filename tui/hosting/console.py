"""The console of one visitor, in a process of its own on a pseudo-terminal; the host starts it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
import termios
from functools import partial
from pathlib import Path

import msgspec

import tui.app
from net.client import Client
from net.logs import configure_logging, get_logger
from net.process import prepare_data_dir, run
from tui.app import ConsoleApp
from tui.config import ConsoleConfig, load
from tui.hosting.order import MARK, ConsoleOrder
from tui.settings import config_path
from tui.wallet import Key, Wallet

NICENESS = 5
"""Visitors' consoles give way to the exchange."""
ACCOUNT = "trader"
"""Name in the wallet: one account a folder, whatever name the visitor goes by today."""

log = get_logger(__name__)


class HostedConsole(ConsoleApp):
    """A console that can be asked for a whole picture, and shows a stranger no traceback."""

    CSS_PATH = str(Path(tui.app.__file__).with_name(ConsoleApp.CSS_PATH))

    def repaint(self) -> None:
        """Write the mark, with colours as a new terminal has them, then everything that is on the screen."""
        if self._driver is not None and self._running:
            self._driver.write(f"\x1b[0m{MARK}")
            self.screen.refresh()

    def on_ready(self) -> None:
        """Draw the first whole picture, and from now on one whenever it is asked for."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self.repaint)
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        self.repaint()

    def _handle_exception(self, error: Exception) -> None:
        log.error("the console failed", exc_info=error)
        super()._handle_exception(error)
        self._exit_renderables.clear()


def config_of(order: ConsoleOrder) -> ConsoleConfig:
    """The console's configuration: the host's settings, the visitor's account."""
    file = load(config_path())
    settings = msgspec.structs.replace(file.console, name=order.name, rate_hz=order.rate_hz)
    wallet = Wallet(Path(order.data_dir))
    key = None if order.spectator else wallet.find(order.exchange, ACCOUNT)
    return ConsoleConfig(
        settings=settings,
        keymap=file.keys,
        hosted=True,
        spectator=order.spectator,
        agent_id=key.agent_id if key else None,
        token=key.token if key else None,
        on_account=lambda agent_id, token: wallet.keep(order.exchange, ACCOUNT, Key(agent_id, token)),
    )


async def main(order: ConsoleOrder) -> int:
    """Run the console until the visitor leaves."""
    app = HostedConsole(partial(Client, order.url), config_of(order))
    await app.run_async(mouse=not order.spectator)
    return app.return_code or 0


def start() -> int:
    """Take the terminal, then run."""
    order = msgspec.json.decode(sys.argv[1], type=ConsoleOrder)
    with contextlib.suppress(OSError):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that the end of the host is the end of this process
    os.umask(0o077)
    os.nice(NICENESS)
    configure_logging(prepare_data_dir(Path(order.data_dir)), "console")
    return run(main(order), screen=True)


if __name__ == "__main__":
    sys.exit(start())

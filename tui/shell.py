"""Commands for scripts and for a quick look: ``do`` one line of the console's language, ``watch`` a ladder in place."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from net.errors import StartupError
from tui.options import DataDir
from tui.settings import DEFAULT_HOST, DEFAULT_PORT, PIDS_FILE

if TYPE_CHECKING:
    from net.client import Client
    from net.messages import AgentRegistered

Url = Annotated[str, typer.Option("--url", help="WebSocket address of the gateway.")]
LOCAL = f"ws://{DEFAULT_HOST}:{DEFAULT_PORT}/ws"


def do(
    line: Annotated[str, typer.Argument(metavar="COMMAND", help='e.g. "buy 10 ACME @ 100.5"; --help shows more.')],
    data_dir: DataDir,
    url: Url = LOCAL,
    name: Annotated[str, typer.Option("--name", help="Account to trade with; opened when there is none.")] = "you",
) -> None:
    """Do one line of trading commands and say what came of it; the language is that of the console's command bar.

    `buy 10 ACME @ 100.5` · `sell 50% ACME mkt` · `cancel ACME @ 100.5` · `cancel #42` · `cancel all` ·
    `mv #42 @ bid * 20` · `orders` · `positions` · `flat ACME` · `kill`; a `;` chains them.

    Exit status 0 when all was done, 1 when the exchange refused something, 2 when the line is not understood.
    """
    status = asyncio.run(_do(line, data_dir, url, name))
    if status:
        raise typer.Exit(status)


async def _do(line: str, data_dir: Path, url: str, name: str) -> int:
    from net.client import Client
    from tui.grammar import GrammarError
    from tui.lines import do as do_line
    from tui.wallet import OWN_EXCHANGE, Key, Wallet

    wallet = Wallet(data_dir)
    own = f"//{DEFAULT_HOST}:" in url and (data_dir / PIDS_FILE).exists()
    exchange = OWN_EXCHANGE if own else url
    account = wallet.find(exchange, name)

    async def open_account(client: Client) -> AgentRegistered:
        registered = await client.register(name, personality="human")
        if registered.token is not None:
            wallet.keep(exchange, name, Key(registered.agent_id, registered.token))
        return registered

    try:
        return await do_line(Client(url, reconnect=False), line, account, open_account, typer.echo)
    except GrammarError as error:
        raise StartupError(str(error)) from error


def watch(
    ticker: Annotated[str, typer.Argument(help="Instrument, e.g. ACME.")],
    url: Url = LOCAL,
    rows: Annotated[int, typer.Option("--rows", min=4, max=100, help="Price rows.")] = 16,
    frames: Annotated[int | None, typer.Option("--frames", min=1, help="End after so many pictures.")] = None,
) -> None:
    """Draw an instrument's ladder in place, without leaving the shell; Ctrl-C ends it."""
    from net.client import Client
    from tui.grammar import GrammarError
    from tui.lines import watch as watch_ladder

    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(watch_ladder(Client(url), ticker, rows, frames))
        except GrammarError as error:
            raise StartupError(str(error)) from error

"""A whole exchange under one command: with a console on it, without, or only the console on one that runs elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from net.errors import StartupError
from net.process import prepare_data_dir, serve_until_stopped
from tui.settings import PIDS_FILE, check_terminal, config_path
from tui.supervisor import Supervisor, Tier, TierState, TierStatus
from tui.tiers import TierName, TierSettings
from tui.tour import first_time
from tui.wallet import OWN_EXCHANGE, Key, Wallet

if TYPE_CHECKING:
    from net.hyperliquid.safety import Safety
    from net.hyperliquid.trading_session import TradingSession
    from net.rest_client import RestClient
    from tui.app import ConsoleApp
    from tui.config import ConsoleFile
    from tui.unlocking import RealOrders


def tiers_of(settings: TierSettings, *, agents: bool) -> list[Tier]:
    """The child processes of one exchange, in the order in which they are needed."""
    arguments = msgspec.json.encode(msgspec.structs.replace(settings, supervised=True)).decode()
    wanted = {TierName.AGENTS: agents, TierName.FEED: bool(settings.coins)}
    names = [name for name in TierName if wanted.get(name, True)]
    return [Tier(name.value, (name.value, arguments)) for name in names]


def say(line: str) -> None:
    """Tell whoever sits at the terminal; that nobody can read it is no reason to fail."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"tradesim-tui: {line}\n")


@contextlib.asynccontextmanager
async def running_tiers(
    settings: TierSettings, *, agents: bool, tell: Callable[[str], None] = say
) -> AsyncIterator[Supervisor]:
    """Start the tiers, and keep ``pids.json`` in the data directory up to date while they run.

    ``tell`` gets a line when a tier has ended and is started again, unless it ended of the same as before without
    having served meanwhile, and one when it serves again.
    """
    pids_file = Path(settings.data_dir) / PIDS_FILE
    draft = pids_file.with_suffix(".new")
    ended: dict[str, str] = {}

    def changed(state: TierState) -> None:
        pids = {state.tier.name: state.pid for state in supervisor.states if state.pid is not None}
        with contextlib.suppress(OSError):  # a full disk must not keep a tier from being started again
            draft.write_bytes(msgspec.json.encode(pids))
            draft.replace(pids_file)
        name = state.tier.name
        if state.status is TierStatus.RESTARTING and ended.get(name) != state.end:
            ended[name] = state.end
            tell(f"the {name} process has ended and is started again until it serves: {state.end}")
        elif state.status is TierStatus.READY:
            if ended.pop(name, None) is not None:
                tell(f"the {name} process serves again")
            if state.note:
                tell(f"the {name} process says: {state.note}")

    supervisor = Supervisor(tiers_of(settings, agents=agents), changed)
    try:
        async with supervisor:
            yield supervisor
    finally:
        for file in (pids_file, draft):
            file.unlink(missing_ok=True)


async def run_headless(settings: TierSettings, *, agents: bool) -> None:
    """Run the exchange until a signal (or, when supervised, the end of standard input)."""
    async with running_tiers(settings, agents=agents) as supervisor:
        await supervisor.wait_ready()
        await serve_until_stopped(ready_text(settings), supervised=settings.supervised, failure=supervisor.failed)


def ready_text(settings: TierSettings) -> str:
    """What an exchange without a screen says when it serves."""
    return f"ready {settings.http_url} {settings.ws_url}\nhyperliquid {settings.venue_url}"


async def run_console(settings: TierSettings, *, agents: bool, real: tuple[RealOrders, Safety] | None = None) -> None:
    """Run the exchange with the console on it; ends with the console. With ``real``, its orders leave for a venue."""
    check_terminal()
    tiers = running_tiers(settings, agents=agents, tell=lambda _line: None)  # the screen is the console's
    async with _session(real) as session, tiers as supervisor:
        # Imported while the children start, so that the screen costs them no time.
        prefers = "hyperliquid" if settings.coins else None
        app = _console(settings.ws_url, Path(settings.data_dir), OWN_EXCHANGE, session=session, prefers=prefers)
        async with ended_by_signals(app), _ended_by_failure(app, supervisor):
            await app.run_async()
        if supervisor.failed.done():
            supervisor.failed.result()


@contextlib.asynccontextmanager
async def _session(real: tuple[RealOrders, Safety] | None) -> AsyncIterator[TradingSession | None]:
    if real is None:
        yield None
        return
    from net.hyperliquid.trading_session import trading_session

    wanted, safety = real
    async with trading_session(wanted.network, safety, wanted.key_file) as session:
        yield session


async def run_connected(url: str, data_dir: Path, *, name: str | None, spectator: bool) -> None:
    """Run only the console, on an exchange that somebody else started."""
    if not url.startswith(("ws://", "wss://")):
        raise StartupError(f"{url}: the address of a gateway looks like ws://127.0.0.1:8000/ws")
    check_terminal()
    app = _console(url, prepare_data_dir(data_dir), url, name=name, spectator=spectator)
    async with ended_by_signals(app):
        await app.run_async()


def _console(
    url: str, data_dir: Path, exchange: str, *, name: str | None = None, spectator: bool = False,
    session: TradingSession | None = None, prefers: str | None = None,
) -> ConsoleApp:  # fmt: skip
    """A console on the gateway at ``url``, with the account that it opened there the last time."""
    from net.client import Client
    from tui.app import ConsoleApp
    from tui.config import ConsoleConfig

    file = console_file()
    settings = file.console if name is None else msgspec.structs.replace(file.console, name=name)
    wallet = Wallet(data_dir)
    key = wallet.find(exchange, settings.name)
    config = ConsoleConfig(
        settings=settings,
        keymap=file.keys,
        spectator=spectator,
        agent_id=key.agent_id if key else None,
        token=key.token if key else None,
        admin=partial(_admin, url, data_dir) if exchange == OWN_EXCHANGE else None,
        real=session,
        prefers=prefers,
        tour=exchange == OWN_EXCHANGE and session is None and settings.tour and first_time(data_dir),
        on_account=lambda agent_id, token: wallet.keep(exchange, settings.name, Key(agent_id, token)),
    )
    if session is None:
        return ConsoleApp(partial(Client, url), config)
    from tui.real_orders import RealOrdersClient

    trading = session
    return ConsoleApp(lambda: RealOrdersClient(url, trading), config)


def console_file() -> ConsoleFile:
    """The console's part of the configuration file; raises ``StartupError`` when there is something wrong with it."""
    from tui.config import load

    return load(config_path())


def _admin(url: str, data_dir: Path) -> RestClient | None:
    """The controls of the exchange of this data directory, once its gateway has written the token."""
    from net.rest_client import RestClient
    from net.tokens import ADMIN_TOKEN_FILE, read_token

    token = read_token(data_dir, ADMIN_TOKEN_FILE)
    return RestClient(url, token=token) if token else None


@contextlib.asynccontextmanager
async def ended_by_signals(app: ConsoleApp) -> AsyncIterator[None]:
    """SIGTERM and SIGHUP end the console in order, with the terminal restored."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, app.exit)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _ended_by_failure(app: ConsoleApp, supervisor: Supervisor) -> AsyncIterator[None]:
    """A tier that refuses to start ends the console; its reason is told on the restored terminal."""

    async def watch() -> None:
        with contextlib.suppress(StartupError):
            await supervisor.wait_ready()
            return
        app.exit()

    watching = asyncio.create_task(watch(), name="watch for refused tiers")
    try:
        yield
    finally:
        watching.cancel()

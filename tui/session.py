"""The console's side of the connection: reads the feed into the view, and settles accounts after each (re)connect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from net import messages as m
from net.client import AccountLost, ConnectionChanged, ConnectionState
from net.errors import HandshakeRefused, NotConnected, RequestRefused, TradesimError
from tui.config import ConsoleConfig
from tui.desk import Desk
from tui.feed import Feed, Source
from tui.recording import Playback, Recorder
from tui.view import Clock, View

CHANNELS = ("orderbooks", "trades", "news", "agents", "orders", "performance", "decisions")
RETRY_S = 1.0
PING_S = 2.0
DAY = "1d"


class ExchangeLink:
    """Runs until cancelled. ``changed`` is called when the connection or the account enters another state."""

    def __init__(
        self, source: Source, view: View, desk: Desk, clock: Clock, config: ConsoleConfig, changed: Callable[[], None]
    ) -> None:
        self._source = source
        self._view = view
        self._desk = desk
        self._clock = clock
        self._config = config
        view.session.only_watches = config.spectator
        self._changed = changed
        self._feed: Feed | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pinging: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        """Takes the account of the present connection; one of a former connection must not say that it may trade."""
        self._account = asyncio.Lock()
        self._attempt = 0
        self._recorder: Recorder | None = None
        self._switched = False
        self.playback: Playback | None = None
        """The recording that is shown instead of the exchange."""

    async def run(self) -> None:
        """Connect, read, and start over for as long as it takes."""
        self._view.link.started_at = self._clock.mono()
        try:
            while True:
                feed = self._feed = self.playback or self._source()
                self._switched = False
                reader = asyncio.create_task(self._read(feed), name="console feed")
                try:
                    await feed.connect()
                    self._pinging = self._start(self._ping(feed))
                    await reader
                    reason = "the connection ended"
                except NotConnected as error:
                    reason = str(error)
                    if isinstance(error, HandshakeRefused):
                        self._view.audit.add(self._clock.wall_ms(), "link", reason)
                finally:
                    reader.cancel()
                    if self._pinging is not None:
                        self._pinging.cancel()
                    await feed.close()
                if not self._switched:
                    self._down(reason, self._attempt + 1, RETRY_S)
                    await asyncio.sleep(RETRY_S)
        finally:
            for task in self._tasks:
                task.cancel()

    # --- asked for by the screen

    def record(self, recorder: Recorder | None) -> None:
        """Write what is heard from now on to a recording; None ends it."""
        if self._recorder is not None:
            self._recorder.close()
        self._recorder = recorder

    def switch(self, playback: Playback | None) -> None:
        """Show a recording, or with None the exchange again."""
        self.playback = playback
        self._switched = True
        self._desk.feed = None
        self._desk.disarm("another feed")
        self._view.start_over()
        self._view.session.only_watches = self._config.spectator or playback is not None
        if self._feed is not None:
            self._start(self._feed.close())

    def load_market(self, symbol_id: int, timeframe: str) -> None:
        """Fetch tape and candles of an instrument."""
        self._start(self._load_market(symbol_id, timeframe))

    def set_rate(self, hz: float) -> None:
        """Ask for as many books a second."""
        if self._feed is not None:
            self._start(self._subscribe(self._feed, hz))

    async def _subscribe(self, feed: Feed, hz: float) -> None:
        try:
            await feed.subscribe(*CHANNELS, rate_hz=hz)
        except TradesimError as error:
            self._view.audit.add(self._clock.wall_ms(), "link", str(error))

    @property
    def busy(self) -> bool:
        """Whether an account or a history is being fetched."""
        return any(task is not self._pinging for task in self._tasks)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- reading

    async def _read(self, feed: Feed) -> None:
        async for push in feed.messages():
            now = self._clock.mono()
            if isinstance(push, ConnectionChanged):
                self._connection(feed, push, now)
            elif isinstance(push, AccountLost):
                self._view.session.agent_id = None
                self._view.audit.add(self._clock.wall_ms(), "link", f"account {push.agent_id} is gone: {push.reason}")
            else:
                self._view.fold(push, now)
                self._write(push)

    def _write(self, push: m.AnyServerMessage) -> None:
        if self._recorder is None:
            return
        try:
            self._recorder.write(push, self._clock.wall_ms())
        except OSError as error:
            self._view.audit.add(self._clock.wall_ms(), "reject", f"recording ended: {error.strerror}")
            self._recorder = None

    def _connection(self, feed: Feed, change: ConnectionChanged, now: float) -> None:
        if change.state is ConnectionState.LIVE:
            if change.new_epoch:
                self._view.start_over()
            self._view.link.up(now)
            self._attempt = 0
            self._view.audit.add(self._clock.wall_ms(), "link", "connected")
            self._settling = self._start(self._settle(feed))
        elif change.state is ConnectionState.RECONNECTING:
            self._down(change.reason, change.attempt, change.retry_in_s)
        self._changed()

    def _down(self, reason: str, attempt: int, retry_in_s: float | None) -> None:
        link = self._view.link
        if link.connected:
            self._view.audit.add(self._clock.wall_ms(), "link", f"connection lost: {reason}")
        self._attempt = attempt
        link.down(reason, attempt, None if retry_in_s is None else self._clock.mono() + retry_in_s)
        self._settling = None
        self._view.orders.trusted = False
        self._desk.feed = None
        self._desk.disarm("connection lost")
        self._desk.drop()
        self._changed()

    # --- settling

    async def _settle(self, feed: Feed) -> None:
        """Take the account, its orders and the channels; only then may the desk trade."""
        view, config = self._view, self._config
        if isinstance(feed, Playback):
            self._changed()
            return
        try:
            await feed.subscribe(*CHANNELS, rate_hz=config.settings.rate_hz)
            if not view.session.spectator:
                async with self._account:  # a former connection's question may still be under way
                    await self._take_account(feed)
                    await self._reconcile(feed)
                if self._settling is asyncio.current_task():
                    self._desk.feed = feed
            if view.current is not None:
                await self._load_market(view.current, config.settings.timeframe)
            for symbol_id in list(view.markets):
                day = await feed.get_candles(symbol_id, DAY, limit=1)
                data = m.CandlesData(symbol_id=symbol_id, interval=DAY, candles=day)
                view.fold(m.Candles(data=data), self._clock.mono())
        except RequestRefused as error:
            view.audit.add(self._clock.wall_ms(), "reject", str(error))
        except TradesimError as error:
            view.audit.add(self._clock.wall_ms(), "link", str(error))
        self._changed()

    async def _take_account(self, feed: Feed) -> None:
        config, session = self._config, self._view.session
        if session.agent_id is not None:
            return
        registered = None
        if config.agent_id is not None:
            try:
                registered = await feed.register(agent_id=config.agent_id, token=config.token)
            except RequestRefused as error:
                self._view.audit.add(self._clock.wall_ms(), "link", f"account {config.agent_id}: {error}")
        if registered is None:
            capital = config.settings.starting_capital
            registered = await feed.register(config.settings.name, personality="human", starting_capital=capital)
        self._view.fold(registered, self._clock.mono())
        if registered.token is not None and config.on_account is not None:
            config.on_account(registered.agent_id, registered.token)
        config.agent_id, config.token = registered.agent_id, registered.token or config.token

    async def _reconcile(self, feed: Feed) -> None:
        view, agent_id = self._view, self._view.session.agent_id or ""
        view.fold(await feed.get_portfolio(), self._clock.mono())
        fills = await feed.get_trades(limit=200)
        view.fold(m.Trades(data=m.TradesData(agent_id=agent_id, trades=fills)), self._clock.mono())
        orders = await feed.get_orders()
        view.fold(m.Orders(data=m.OrdersData(agent_id=agent_id, orders=orders)), self._clock.mono())

    async def _load_market(self, symbol_id: int, timeframe: str) -> None:
        feed = self._feed
        if feed is None:
            return
        try:
            trades = await feed.get_tape(symbol_id, limit=200)
            self._view.fold(m.Tape(data=m.TapeData(symbol_id=symbol_id, trades=trades)), self._clock.mono())
            candles = await feed.get_candles(symbol_id, timeframe, limit=300)
            data = m.CandlesData(symbol_id=symbol_id, interval=timeframe, candles=candles)
            self._view.fold(m.Candles(data=data), self._clock.mono())
        except TradesimError as error:
            self._view.audit.add(self._clock.wall_ms(), "link", f"market history: {error}")

    async def _ping(self, feed: Feed) -> None:
        while feed is self._feed:
            start = self._clock.mono()
            try:
                await feed.ping()
            except TradesimError:
                self._view.link.latency_ms = None
            else:
                self._view.link.latency_ms = (self._clock.mono() - start) * 1_000
            await asyncio.sleep(PING_S)

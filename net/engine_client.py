"""How other processes talk to the engine: a pool of multiplexed connections, and the event stream."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import msgspec

from engine import commands
from engine.instruments import Instrument
from engine.service import AccountView, CandleView, DepthView, FillView, NewsView, OrderView, TradeView
from engine.types import AccountId, RejectCode, SymbolId
from net import engine_protocol as wire
from net.backoff import Backoff
from net.engine_link import Asker, EventLink
from net.engine_pool import TOO_MANY, EnginePool
from net.engine_protocol import EventBatch, RemoteCommand, Reply, SnapshotView, StatsView, What
from net.errors import EngineUnavailable, EventsLost, RequestRefused, UnknownOutcome

T = TypeVar("T")

_COMMAND_REQUESTS: dict[type, Callable[..., wire.AnyRequest]] = {
    commands.CancelAll: wire.CancelAll,
    commands.MassQuote: wire.MassQuote,
    commands.OpenAccount: wire.OpenAccount,
    commands.CloseAccount: wire.CloseAccount,
    commands.TransferCash: wire.TransferCash,
    commands.AddInstrument: wire.AddInstrument,
    commands.RemoveInstrument: wire.RemoveInstrument,
    commands.SetInstrumentStatus: wire.SetInstrumentStatus,
    commands.PublishNews: wire.PublishNews,
}


class EngineClient:
    """The engine as seen from another process.

    Commands of one account that are under way at the same time share a connection, so they arrive in the order in
    which they were submitted. Every request is answered, or fails with an ``EngineError``, within ``deadline_s``.

    Args:
        connections: opened at the start; those idle for 30 s are closed, down to one.
        max_connections: a further one is opened when all have ``max_in_flight`` requests under way.
        on_connected: called with True or False when the first link is made or the last one is lost.
        together: entered while the askers are told of the answers that came together.
        rng: source of the jitter between reconnects.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connections: int = 2,
        max_connections: int = 5,
        max_in_flight: int = 1_024,
        deadline_s: float = 5.0,
        quiet_s: float = 2.0,
        idle_close_s: float = 30.0,
        on_connected: Callable[[bool], None] | None = None,
        together: AbstractContextManager[object] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._deadline_s = deadline_s
        self._quiet_s = quiet_s
        self._rng = rng or random.Random()
        self._closed = False
        self._event_links: set[EventLink] = set()
        self._pool = EnginePool(
            host,
            port,
            connections=connections,
            max_connections=max_connections,
            max_in_flight=max_in_flight,
            deadline_s=deadline_s,
            quiet_s=quiet_s,
            idle_close_s=idle_close_s,
            on_connected=on_connected or (lambda _: None),
            together=together or contextlib.nullcontext(),
            rng=self._rng,
        )

    async def start(self) -> None:
        """Try to connect once and go on trying in the background; ``connected`` tells how the first try went."""
        await self._pool.start()

    async def close(self) -> None:
        """Wait a moment for answers under way, then close; event streams end."""
        self._closed = True
        for link in tuple(self._event_links):
            link.abort()
        await self._pool.close()

    async def __aenter__(self) -> EngineClient:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether a request could be sent now."""
        return self._pool.connected

    @property
    def links(self) -> int:
        """Connections that carry requests now."""
        return self._pool.size

    async def wait_connected(self) -> None:
        """Wait until ``connected``."""
        await self._pool.wait_connected()

    # --- commands ---------------------------------------------------------------------------------------------------

    async def submit(self, command: RemoteCommand) -> Reply:
        """Send a command; a refusal is a reply with a ``code``.

        Raises:
            EngineUnavailable: nothing was sent.
            UnknownOutcome: it was sent, and happened once or not at all.
        """
        account = getattr(command, "account", None)
        return await self._pool.request(lambda request_id: _wrap(request_id, command), account)

    def send(self, command: RemoteCommand, asker: Asker) -> None:
        """Do as ``submit`` does, without a task: ``asker`` is called with the reply, or with what went wrong.

        Raises:
            EngineUnavailable: nothing was sent. The asker may be told of it as well, but not of the same.
        """
        account = getattr(command, "account", None)
        link = self._pool.link(account)
        if link is None:
            asker(TOO_MANY)
        else:
            link.ask(_wrap(link.next_id(), command), asker, account)

    async def cancel_after(self, account: AccountId, seconds: float | None) -> Reply:
        """Arm the dead man's switch of an account, or with None disarm it; raises as ``submit`` does."""
        return await self._pool.request(
            lambda request_id: wire.SetCancelAfter(id=request_id, account=account, seconds=seconds), account
        )

    # --- queries ----------------------------------------------------------------------------------------------------
    # All raise EngineUnavailable, or RequestRefused when the question makes no sense to the engine.

    async def instruments(self) -> list[Instrument]:
        """All listed instruments."""
        return await self._ask(list[Instrument], What.INSTRUMENTS)

    async def depth(self, symbol_id: SymbolId, levels: int = 10_000) -> DepthView | None:
        """One book, or None for an unknown instrument."""
        try:
            return await self._ask(DepthView, What.DEPTH, symbol_id=symbol_id, limit=levels)
        except RequestRefused as refused:
            if refused.code is RejectCode.UNKNOWN_INSTRUMENT:
                return None
            raise

    async def accounts(self, accounts: Sequence[AccountId] | None = None) -> list[AccountView]:
        """All accounts, or those named that exist."""
        names = None if accounts is None else tuple(accounts)
        return await self._ask(list[AccountView], What.ACCOUNTS, accounts=names)

    async def orders(self, account: AccountId) -> list[OrderView]:
        """Working orders of one account, oldest first."""
        return await self._ask(list[OrderView], What.ORDERS, account=account)

    async def fills(self, account: AccountId, limit: int = 100) -> list[FillView]:
        """Newest fills of one account, newest first."""
        return await self._ask(list[FillView], What.FILLS, account=account, limit=limit)

    async def trades(self, symbol_id: SymbolId, limit: int = 100) -> list[TradeView]:
        """Newest prints of one instrument, newest first."""
        return await self._ask(list[TradeView], What.TRADES, symbol_id=symbol_id, limit=limit)

    async def candles(self, symbol_id: SymbolId, interval_ns: int, limit: int = 200) -> list[CandleView]:
        """Newest candles of one instrument, oldest first."""
        return await self._ask(
            list[CandleView], What.CANDLES, symbol_id=symbol_id, interval_ns=interval_ns, limit=limit
        )

    async def news(self, limit: int = 100) -> list[NewsView]:
        """Newest headlines, newest first."""
        return await self._ask(list[NewsView], What.NEWS, limit=limit)

    async def stats(self) -> StatsView:
        """How the engine process is doing."""
        return await self._ask(StatsView, What.STATS)

    async def state_hash(self) -> str:
        """Digest of the engine's whole state."""
        return await self._ask(str, What.HASH)

    async def snapshot(self) -> SnapshotView:
        """Everything public at one sequence; ``events(snapshot.sequence + 1, snapshot.epoch)`` goes on from it."""
        return await self._read(SnapshotView, lambda request_id: wire.Snapshot(id=request_id), None)

    async def _ask(
        self,
        result: type[T],
        what: What,
        *,
        symbol_id: SymbolId | None = None,
        account: AccountId | None = None,
        accounts: tuple[AccountId, ...] | None = None,
        limit: int = 100,
        interval_ns: int = 60_000_000_000,
    ) -> T:
        return await self._read(
            result,
            lambda request_id: wire.Query(
                id=request_id,
                what=what,
                symbol_id=symbol_id,
                account=account,
                accounts=accounts,
                limit=limit,
                interval_ns=interval_ns,
            ),
            account,
        )

    async def _read(self, result: type[T], make: Callable[[int], wire.AnyRequest], account: AccountId | None) -> T:
        try:
            reply = await self._pool.request(make, account)
        except UnknownOutcome as error:
            raise EngineUnavailable(str(error)) from error  # reading changes nothing: there is no outcome to know
        if reply.code is not None:
            raise RequestRefused(reply.code, reply.message or reply.code.value)
        return msgspec.json.decode(reply.data, type=result)

    # --- events -----------------------------------------------------------------------------------------------------

    async def events(self, from_sequence: int, epoch: str | None = None) -> AsyncIterator[EventBatch]:
        """All events from a number on, over a connection of its own, for as long as the client is open.

        Reconnects by itself and goes on where it was. The first batch may begin before ``from_sequence`` when that
        lies inside the events of one command.

        Raises:
            EventsLost: they are no longer kept, or the epoch is another one: take a new snapshot.
        """
        backoff = Backoff(self._rng)
        while not self._closed:
            link = await self._subscribe(from_sequence, epoch)
            if link is None:
                await asyncio.sleep(backoff.next_delay_s())
                continue
            epoch = link.subscribed.result().epoch
            backoff.reset()
            try:
                link.watch(self._quiet_s)
                while await link.wait():
                    for batch in link.take_batches():
                        if batch.first_sequence > from_sequence:
                            raise EventsLost(f"event {from_sequence} is missing")
                        from_sequence = batch.first_sequence + len(batch.events)
                        yield batch
            finally:
                self._event_links.discard(link)
                link.abort()

    async def _subscribe(self, from_sequence: int, epoch: str | None) -> EventLink | None:
        loop = asyncio.get_running_loop()
        link: EventLink | None = None
        try:
            async with asyncio.timeout(self._deadline_s):
                _, link = await loop.create_connection(lambda: EventLink(from_sequence, epoch), self._host, self._port)
                reply = await link.subscribed
        except (OSError, TimeoutError, EngineUnavailable):
            if link is not None:
                link.abort()
            return None
        if self._closed:  # meanwhile: nobody would end this stream
            link.abort()
            return None
        if reply.code is not None:
            link.abort()
            raise EventsLost(reply.message or reply.code.value)
        self._event_links.add(link)
        return link


def _wrap(request_id: int, command: RemoteCommand) -> wire.AnyRequest:
    """Make the request that carries a command."""
    if isinstance(command, commands.NewOrder):
        return wire.Add(id=request_id, order=command)
    if isinstance(command, commands.CancelOrder):
        return wire.Cancel(id=request_id, order=command)
    if isinstance(command, commands.ReplaceOrder):
        return wire.Modify(id=request_id, order=command)
    if isinstance(command, commands.EndDay):
        return wire.EndDay(id=request_id)
    return _COMMAND_REQUESTS[type(command)](id=request_id, command=command)

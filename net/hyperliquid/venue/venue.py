"""The venue: wires its parts, and answers what they ask of each other."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from net.errors import TradesimError
from net.gateway.engine import Engine
from net.hyperliquid import wire
from net.hyperliquid.venue.exchange import Exchange
from net.hyperliquid.venue.feed import Feed
from net.hyperliquid.venue.funding import Funding, is_fine, openings
from net.hyperliquid.venue.info import Info
from net.hyperliquid.venue.liquidations import Liquidations
from net.hyperliquid.venue.listing import Listing
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.mirror import Mirror
from net.hyperliquid.venue.orders import Order
from net.hyperliquid.venue.placing import Placing
from net.hyperliquid.venue.settings import DEFAULT_MAX_LEVERAGE, MAX_LEVERAGE, VenueSettings
from net.hyperliquid.venue.signers import Signers
from net.hyperliquid.venue.state import Store
from net.hyperliquid.venue.streams import Streams
from net.hyperliquid.venue.triggers import Triggers
from net.hyperliquid.venue.twaps import Twaps
from net.hyperliquid.venue.users import User, Users

NS_PER_MS: Final = 1_000_000


class Venue:
    """A Hyperliquid venue on our engine.

    Args:
        engine: the client or service that the gateway uses.
        store: what the venue has to remember; in memory by default.
        funded: accounts that are opened as soon as the engine answers.
        clock_ns: wall clock, in nanoseconds.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        store: Store | None = None,
        settings: VenueSettings | None = None,
        funded: Sequence[Funding] = (),
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.engine = engine
        self.store = store or Store()
        self.settings = settings or VenueSettings()
        self.now_ns = clock_ns
        self.ready = asyncio.Event()
        """Set while the mirror follows the engine."""
        self.listing = Listing(MAX_LEVERAGE, DEFAULT_MAX_LEVERAGE, self.store.state.places)
        self.users = Users()
        self.mirror = Mirror(self.listing, self.users, self)
        self.signers = Signers(self.users, self.store, self.settings.chain, self.now_ms())
        self.placing = Placing(self)
        self.triggers = Triggers(self)
        self.twaps = Twaps(self)
        self.liquidations = Liquidations(self)
        self.exchange = Exchange(self)
        self.info = Info(self)
        self.streams = Streams(self)
        self._funded = list(funded)
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._waited = 0

    def now_ms(self) -> int:
        """The venue's time in milliseconds."""
        return self.now_ns() // NS_PER_MS

    async def run(self) -> None:
        """Follow the engine and push streams until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(Feed(self).run(), name="hyperliquid venue feed")
                tasks.create_task(self.streams.run(), name="hyperliquid venue streams")
                tasks.create_task(self._fund(), name="hyperliquid venue funding")
                tasks.create_task(self._count_open_interest(), name="hyperliquid venue open interest")
        finally:
            await self.twaps.close()
            await self.liquidations.close()

    # --- what the feed says -----------------------------------------------------------------------------------------

    def loaded(self) -> None:
        """Everything was loaded anew."""
        self._keep_places()
        for address, kept in [*self.store.state.triggers.items()]:
            self.triggers.restore(self.users.open(address), kept)
        for market in self.mirror.markets.values():
            self.triggers.watch(market)
        self.exchange.schedules.restore()
        self.ready.set()
        self.streams.loaded()
        self.caught(self.mirror.sequence)

    def caught(self, sequence: int) -> None:
        """The mirror has come as far as this event."""
        while self._waiters and self._waiters[0][0] <= sequence:
            future = heapq.heappop(self._waiters)[2]
            if not future.done():
                future.set_result(None)

    async def caught_up(self, sequence: int) -> None:
        """Wait, not for long, until what may be read includes this event: who acts and then looks sees what he did."""
        if self.mirror.sequence >= sequence:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waited += 1
        heapq.heappush(self._waiters, (sequence, self._waited, future))
        try:
            async with asyncio.timeout(self.settings.caught_up_s):
                await future
        except TimeoutError:
            future.cancel()

    # --- what the mirror says (it is our Listener) ------------------------------------------------------------------

    def printed(self, market: Market, print_: wire.Print) -> None:
        """A public trade."""
        self.streams.printed(market, print_)

    def moved(self, market: Market) -> None:
        """A book or a mark changed."""
        self.streams.moved(market)
        self.triggers.watch(market)
        self.liquidations.watch(market)

    def updated(self, user: User, orders: list[Order]) -> None:
        """Orders of a user changed."""
        self.streams.updated(user, orders)
        self.triggers.follow(user, orders)

    def filled(self, user: User, fills: list[wire.Fill]) -> None:
        """Orders of a user traded."""
        self.twaps.follow(fills)
        self.streams.filled(user, fills)

    def transferred(self, user: User, entry: dict[str, object]) -> None:
        """Money of a user moved."""
        self.streams.transferred(user, entry)

    def liquidated(self, user: User, event: dict[str, object]) -> None:
        """A user's positions are closed for want of margin."""
        self.streams.liquidated(user, event)

    def listed(self) -> None:
        """The listing changed."""
        self._keep_places()

    # --- what the parts ask -----------------------------------------------------------------------------------------

    def market_of_asset(self, asset_id: int) -> Market | None:
        """The market of an asset id."""
        listed = self.listing.by_asset(asset_id)
        return None if listed is None else self.mirror.markets.get(listed.symbol_id)

    def builder_allowed(self, user: User, builder: str) -> bool:
        """Whether the user approved a builder's fee."""
        return builder in self.store.state.builders.get(user.address, {})

    async def open_user(self, funding: Funding) -> None:
        """Open the wallets of an address, unless they are.

        Raises:
            TradesimError: the engine is away or refuses.
        """
        for command in openings(funding, self.listing):
            reply = await self.engine.submit(command)
            if not is_fine(reply.code):
                raise TradesimError(f"the account of {funding.address} could not be opened: {reply.message}")
            await self.caught_up(reply.sequence)

    async def _fund(self) -> None:
        for funding in self._funded:
            while True:
                await self.ready.wait()
                try:
                    await self.open_user(funding)
                    break
                except TradesimError:
                    await asyncio.sleep(0.2)

    async def _count_open_interest(self) -> None:
        """Add up now and then what is held long, agents and people of all doors included."""
        while True:
            await self.ready.wait()
            with contextlib.suppress(TradesimError):
                held: Counter[int] = Counter()
                for view in await self.engine.accounts():
                    held.update({each.symbol_id: each.qty for each in view.positions if each.qty > 0})
                for symbol_id, market in self.mirror.markets.items():
                    market.open_lots = held[symbol_id]
            await asyncio.sleep(self.settings.open_interest_s)

    def _keep_places(self) -> None:
        if self.store.state.places != self.listing.places:
            self.store.state.places = [*self.listing.places]
            self.store.save()

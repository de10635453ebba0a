"""One account at one venue for as long as somebody trades: sends, hears, reconciles, knows what the account is worth.

The session outlives connections on both sides. It holds the venue's own dead man's switch while orders work, as far as
the venue grants it one, so that they do not outlive a session that died.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
import structlog

from net.errors import StartupError
from net.hyperliquid.api_client import websocket_url
from net.hyperliquid.connection import Timing
from net.hyperliquid.decimals import SCALE, from_wire
from net.hyperliquid.exchange_client import ANSWER_TIMEOUT_S, KILL_S, NO_ANSWER, ExchangeClient
from net.hyperliquid.info_client import InfoClient, Network, VenueUnavailable
from net.hyperliquid.keys import SdkSigner, read_key
from net.hyperliquid.market_data import Channel
from net.hyperliquid.names import Universe
from net.hyperliquid.own_orders import OrderState
from net.hyperliquid.safety import Safety, network_url, real_network
from net.hyperliquid.websocket_handler import CHANNEL_SIZE, HyperliquidWebSocketHandler

_log = structlog.get_logger(__name__)

ACCOUNT_EVERY_S: Final = 10.0
REFRESH_S: Final = 3.0
SWITCH_S: Final = 120.0
"""Orders of a session that died are canceled after so long."""
SWITCH_EVERY_S: Final = 40.0
_QUOTE: Final = "USDC"


class Holding(msgspec.Struct, frozen=True):
    """A position or a token, in e8: signed size, average entry price, price now."""

    size: int
    average: int
    price: int


class Account(msgspec.Struct, frozen=True):
    """What the account holds, in e8: dollars, and holdings by wire name."""

    cash: int
    holdings: dict[str, Holding]

    @property
    def value(self) -> int:
        """Cash plus holdings at their prices."""
        return self.cash + sum(held.size * held.price // SCALE for held in self.holdings.values())


class TradingSession:
    """Runs until cancelled; ``trading_session`` makes one."""

    def __init__(
        self, base_url: str, client: ExchangeClient, info: InfoClient, universe: Universe, timing: Timing | None
    ) -> None:
        self.client = client
        self.universe = universe
        self.account: Account | None = None
        self.value_at_start: int | None = None
        self.on_account: Callable[[], None] = lambda: None
        """Called when ``account`` is newer."""
        self.on_note: Callable[[str], None] = lambda _text: None
        """Called with what a person should read."""
        self._info = info
        self._channel: Channel = asyncio.Queue(CHANNEL_SIZE)
        self._handler = HyperliquidWebSocketHandler(websocket_url(base_url), self._channel, timing=timing)
        for stream in client.streams():
            self._handler.subscribe(stream)
        self._stirred = asyncio.Event()
        self._switch_set = False
        self._switch_rests_until = 0.0

    @property
    def banner(self) -> str:
        """What must stand in red on every screen: network, cap, account, and what it is worth."""
        address = self.client.account
        worth = f" · ${self.account.value / SCALE:,.2f}" if self.account is not None else ""
        return f"{self.client.safety.banner} · {address[:6]}…{address[-4:]}{worth}"

    @property
    def live(self) -> bool:
        """Whether orders and fills are known to be those of the venue."""
        return self.client.reconciled.is_set()

    async def run(self) -> None:
        """Hear, reconcile, and hold the switch, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._handler.run(), name="hyperliquid orders")
            tasks.create_task(self._hear(), name="hyperliquid hear orders")
            tasks.create_task(self.client.keep_reconciled(), name="hyperliquid reconcile")
            tasks.create_task(self._watch_account(), name="hyperliquid account")
            tasks.create_task(self._hold_switch(), name="hyperliquid switch")

    async def kill(self) -> str:
        """Cancel everything at the venue; what could not be done, or nothing."""
        self._switch_rests_until = asyncio.get_running_loop().time() + ANSWER_TIMEOUT_S + KILL_S + 1
        self._switch_set = False
        return await self.client.kill()

    async def refresh(self) -> None:
        """Read the account now, unless that takes too long."""
        with contextlib.suppress(VenueUnavailable, TimeoutError):
            async with asyncio.timeout(REFRESH_S):
                self.account = await self.read_account()

    def stir(self) -> None:
        """Something traded: read the account anew."""
        self._stirred.set()

    async def close(self) -> None:
        """Take the switch back, so that what rests goes on resting, and give the connections back."""
        if self._switch_set:
            await self.client.cancel_after(None)
        await self.client.close()

    def ended(self, running: asyncio.Task[None]) -> None:
        """``run`` is over: where that is a failure nothing of the venue is known from now on, which is told."""
        if not running.cancelled() and (error := running.exception()) is not None:
            _log.error("hyperliquid_session_failed", exc_info=error)
            self.client.reconciled.clear()
            self.on_note("the venue is not heard any more, nor its switch held: start the console again")

    async def _hear(self) -> None:
        while True:
            self.client.take(await self._channel.get())

    async def _watch_account(self) -> None:
        """Read the account after each fill, and now and then."""
        while True:
            self._stirred.clear()
            try:
                self.account = await self.read_account()
            except VenueUnavailable as error:
                _log.warning("hyperliquid_account_unread", reason=str(error))
            else:
                if self.value_at_start is None:
                    self.value_at_start = self.account.value
                self.on_account()
            try:
                async with asyncio.timeout(ACCOUNT_EVERY_S):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    async def read_account(self) -> Account:
        """What the venue says the account holds now; raises ``VenueUnavailable``."""
        user = self.client.account
        perp, spot = await self._info.account_state(user), await self._info.spot_state(user)
        mids = await self._info.mids() if spot.balances else {}
        cash, holdings = from_wire(perp.margin_summary.account_value), {}
        for wrapped in perp.asset_positions:
            held = wrapped.position
            size = from_wire(held.szi)
            price = from_wire(held.position_value) * SCALE // abs(size)
            holdings[held.coin] = Holding(size, from_wire(held.entry_px or "0.0"), price)
            cash -= size * price // SCALE
        for balance in spot.balances:
            size = from_wire(balance.total)
            coin = self._pair_of(balance.coin)
            if balance.coin == _QUOTE:
                cash += size
            elif size and coin in mids:
                average = from_wire(balance.entry_ntl) * SCALE // size
                holdings[coin] = Holding(size, average, from_wire(mids[coin]))
        return Account(cash, holdings)

    def _pair_of(self, token: str) -> str:
        """Wire name of the pair that trades a token against dollars."""
        wanted = f"{token}/{_QUOTE}"
        return next((asset.coin for asset in self.universe if asset.spot and asset.display == wanted), "")

    async def _hold_switch(self) -> None:
        """Renew the venue's dead man's switch while orders work; some accounts are refused one, which is told."""
        loop = asyncio.get_running_loop()
        while True:
            working = any(order.state is OrderState.WORKING for order in self.client.orders.working())
            if loop.time() < self._switch_rests_until:
                pass  # a kill has set it to something shorter
            elif working and self.client.safety.banner:
                self._switch_set = True  # as soon as it is sent: an answer that is not waited for may say yes
                refusal = await self.client.cancel_after(SWITCH_S)
                if refusal and refusal != NO_ANSWER:
                    self._switch_set = False
                    self.on_note(f"the venue will not cancel for a console that dies: {refusal}")
                    return
            elif self._switch_set:
                self._switch_set = bool(await self.client.cancel_after(None))
            await asyncio.sleep(SWITCH_EVERY_S)


@asynccontextmanager
async def trading_session(
    network: str, safety: Safety, key_file: Path | None = None, *, timing: Timing | None = None
) -> AsyncIterator[TradingSession]:
    """A session of the account that the key in ``key_file`` or the environment trades for, closed in order at the end.

    Args:
        network: ``mainnet``, ``testnet``, or the base URL of a simulator.

    Raises:
        StartupError: no usable key, no such account, or the venue does not answer.
    """
    base_url = network_url(network)
    signer = SdkSigner(read_key(key_file), mainnet=real_network(base_url) is Network.MAINNET)
    async with InfoClient(base_url) as info:
        try:
            universe = await info.universe()
            account = await _master(info, signer.address)
        except VenueUnavailable as error:
            raise StartupError(f"Hyperliquid does not answer at {base_url}: {error}") from error
        client = ExchangeClient(base_url, signer, account, info, universe, safety=safety)
        session = TradingSession(base_url, client, info, universe, timing)
        running = asyncio.create_task(session.run(), name="hyperliquid session")
        running.add_done_callback(session.ended)
        try:
            yield session
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await session.close()


async def _master(info: InfoClient, address: str) -> str:
    """The account that a key trades for: its own, or its master's when it is an agent's; raises ``StartupError``."""
    role = await info.user_role(address)
    if role.role == "missing":
        raise StartupError(f"{address}, the address of this key, has no account there")
    return role.data.user if role.role == "agent" and role.data else address

"""What the gateway does over and over: refresh portfolios, list the agents, sample performance, ping the quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Final

from net.errors import EngineUnavailable, RequestRefused
from net.gateway import channels as names
from net.gateway.channels import SLICE
from net.gateway.frames import message_frame
from net.logs import get_logger
from net.messages import Performance

_log = get_logger("gateway")

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

PORTFOLIOS_A_ROUND: Final = 250
"""Accounts fetched from the engine at once; the others wait for the next round."""

PERFORMANCE_INTERVAL_S: Final = 1.0
HEARTBEATS_PER_PERIOD: Final = 4


class Rounds:
    """The repeated work, one endless coroutine each."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def all(self) -> list[tuple[str, Coroutine[object, object, None]]]:
        """Every round with its name."""
        config = self._gateway.config
        return [
            ("portfolios", _every(config.portfolio_interval_s, self.refresh_portfolios)),
            ("agents", _every(config.agents_interval_s, self.list_agents)),
            ("performance", _every(PERFORMANCE_INTERVAL_S, self.sample_performance)),
            ("disconnected", _every(config.portfolio_interval_s, self.cancel_disconnected)),
            ("heartbeat", _every(config.heartbeat_s / HEARTBEATS_PER_PERIOD, self.heartbeat)),
        ]

    async def refresh_portfolios(self) -> None:
        """Fetch the accounts that changed and tell their owners."""
        gateway = self._gateway
        stale = gateway.accounts.stale
        if not stale or not gateway.engine_connected:
            return
        chosen = [agent_id for agent_id, _ in zip(stale, range(PORTFOLIOS_A_ROUND), strict=False)]
        for agent_id in chosen:
            del stale[agent_id]
        try:
            views = await gateway.engine.accounts(chosen)
        except (EngineUnavailable, RequestRefused):
            stale.update(dict.fromkeys(chosen))
            return
        for view in views:
            account = gateway.accounts.get(view.account)
            if account is None:
                continue
            account.view = view
            gateway.accounts.changed = True
            if account.sessions:
                frame = message_frame(gateway.portfolios.update(account, view))
                for session in account.sessions:
                    session.send(frame)

    async def list_agents(self) -> None:
        """Value all accounts at the newest marks; tell owners what theirs is worth now, and everybody the table."""
        gateway = self._gateway
        for index, account in enumerate(tuple(gateway.accounts)):
            if account.view is None or account.closed:
                continue
            equity = gateway.portfolios.equity(account.view)
            account.track.sample(equity)
            account.pace.sample(gateway.config.agents_interval_s)
            if account.sessions and equity != account.sent_equity and account.agent_id not in gateway.accounts.stale:
                frame = message_frame(gateway.portfolios.update(account, account.view))
                for session in account.sessions:
                    session.send(frame)
                gateway.accounts.changed = True
            if index % SLICE == 0:
                await asyncio.sleep(0)
        gateway.publish_agents()

    async def sample_performance(self) -> None:
        """Ask the engine how it is doing, and tell those who watch."""
        gateway = self._gateway
        gateway.check_engine()
        stats = None
        if gateway.engine.connected:
            try:
                stats = await gateway.engine.stats()
            except (EngineUnavailable, RequestRefused):
                stats = None
        gateway.performance.sample(stats)
        if gateway.channels.wanted(names.PERFORMANCE):
            frame = message_frame(Performance(data=gateway.performance_shape()))
            gateway.channels.publish(names.PERFORMANCE, None, frame)

    async def cancel_disconnected(self) -> None:
        """Cancel what could not be canceled when its session went."""
        if self._gateway.engine_connected:
            await self._gateway.cancel_disconnected()

    async def heartbeat(self) -> None:
        """Ping the quiet, cut off the dead."""
        self._gateway.ping_quiet(self._gateway.now_s())


async def _every(period_s: float, work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Do ``work`` every ``period_s``, later rather than twice at once."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        try:
            await work()
        except Exception as error:
            _log.error("round failed", round=work.__name__, exc_info=error)
        due = max(due + period_s, loop.time())
        await asyncio.sleep(due - loop.time())

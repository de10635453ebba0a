"""What the messages about one's own account do. All may raise ``Refused`` or ``EngineUnavailable``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from engine.types import RejectCode
from net.gateway.accounts import Account
from net.gateway.orders import Refused
from net.gateway.private import private_messages
from net.gateway.session import Session
from net.gateway.shapes import fill_shape, order_shape
from net.messages import (
    AgentRegister,
    AgentRegistered,
    CancelAfter,
    GetTrades,
    Orders,
    OrdersData,
    Resume,
    Resumed,
    ResumedData,
    Role,
    Trades,
    TradesData,
)

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

FILLS_ON_RESUME: Final = 100


class AccountRequests:
    """Acts on the messages of all sessions about their accounts."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def register(self, session: Session, message: AgentRegister) -> None:
        """Open an account or take one back, and hold it."""
        session.registering += 1
        try:
            await self._register(session, message)
        finally:
            session.registering -= 1

    async def _register(self, session: Session, message: AgentRegister) -> None:
        gateway = self._gateway
        if session.role is Role.SPECTATOR:
            raise Refused(RejectCode.NOT_ALLOWED, "spectators only watch")
        account, token = await self._open_or_take_back(session, message)
        view = await gateway.view(account)
        if message.cancel_after is not None:
            result = await gateway.trading.cancel_after(CancelAfter(seconds=message.cancel_after), account.agent_id)
            if result.code is not None:
                raise Refused(result.code, result.message or result.code.value, "cancel_after")
        # Last: the session before may end while the others are waited for.
        if not await gateway.cancel_disconnected(account.agent_id):
            raise Refused(RejectCode.ENGINE_UNAVAILABLE, "orders of the session before are still to be canceled")
        if not session.is_open:
            return
        session.hold(account, cancel_on_disconnect=message.cancel_on_disconnect)
        gateway.accounts.changed = True
        answer = AgentRegistered(
            agent_id=account.agent_id,
            token=token,
            agent=gateway.portfolios.agent(account),
            sequence=account.last,
            request_id=message.request_id,
        )
        session.say(answer)
        session.say(gateway.portfolios.update(account, account.view or view))

    async def _open_or_take_back(self, session: Session, message: AgentRegister) -> tuple[Account, str | None]:
        registrar = self._gateway.registrar
        known = None if message.agent_id is None else self._gateway.accounts.get(message.agent_id)
        if known is not None:
            registrar.take_back(known, message.token)
            return known, None
        if len(session.accounts) + session.registering > self._gateway.config.limits.max_accounts:
            raise Refused(RejectCode.NOT_ALLOWED, "this session holds as many accounts as it may")
        return await registrar.open(
            message.agent_id,
            message.name,
            message.personality,
            message.starting_capital,
            message.self_trade_prevention,
            stranger=None if registrar.trusts(message.token) else session.host,
        )

    async def portfolio(self, session: Session, account: Account, request_id: str | int | None) -> None:
        """Tell how the account stands."""
        view = await self._gateway.view(account)
        session.say(self._gateway.portfolios.update(account, view, request_id))

    async def orders(self, session: Session, account: Account, request_id: str | int | None) -> None:
        """Tell the account's working orders."""
        views = await self._gateway.engine.orders(account.agent_id)
        units = self._gateway.mirror.units
        shapes = [order_shape(view, units[view.symbol_id]) for view in views if view.symbol_id in units]
        session.say(Orders(data=OrdersData(agent_id=account.agent_id, orders=shapes, request_id=request_id)))

    async def trades(self, session: Session, account: Account, message: GetTrades) -> None:
        """Tell the account's newest fills."""
        views = await self._gateway.engine.fills(account.agent_id, message.limit)
        units = self._gateway.mirror.units
        agent_id = account.agent_id
        shapes = [fill_shape(view, units[view.symbol_id], agent_id) for view in views if view.symbol_id in units]
        session.say(Trades(data=TradesData(agent_id=agent_id, trades=shapes, request_id=message.request_id)))

    def to_resume(self, session: Session, message: Resume) -> list[Account]:
        """The accounts that ``resume`` is about: the one it names, or all that the session holds."""
        if message.agent_id is None and session.accounts:
            return list(session.accounts.values())
        return [session.account(message.agent_id)]

    async def resume(self, session: Session, accounts: list[Account], message: Resume) -> None:
        """Send what the client missed, or everything; between two accounts others have their turn."""
        for account in accounts:
            if not session.is_open:
                return
            if not self._tell_missed(session, account, message):
                await self._tell_all(session, account)
            await asyncio.sleep(0)

    def _tell_missed(self, session: Session, account: Account, message: Resume) -> bool:
        """Send the private messages after the one that the client saw last; False when they are not kept any more."""
        mirror = self._gateway.mirror
        missed = account.missed(message.sequence) if message.epoch == mirror.epoch else None
        data = ResumedData(
            resumed=missed is not None,
            agent_id=account.agent_id,
            epoch=mirror.epoch,
            sequence=account.last,
            request_id=message.request_id,
        )
        session.say(Resumed(data=data))
        for sequence, event, time in missed or ():
            units = mirror.units.get(event.symbol_id)
            if units is not None:
                for told in private_messages(event, sequence, time, units):
                    if told.sequence > message.sequence:
                        session.say(told)
        return missed is not None

    async def _tell_all(self, session: Session, account: Account) -> None:
        """Tell the whole private state, to a client that cannot be told what it missed."""
        await self.portfolio(session, account, None)
        await self.orders(session, account, None)
        await self.trades(session, account, GetTrades(limit=FILLS_ON_RESUME))

"""Order requests of an account, from either door: converted, submitted, settled, answered."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from engine import commands
from engine.types import AccountId, RejectCode
from net.engine_protocol import Reply
from net.errors import EngineUnavailable, UnknownOutcome
from net.gateway import orders
from net.gateway.engine import Engine
from net.gateway.metrics import Metrics
from net.gateway.mirror import Mirror
from net.gateway.orders import OrderRequest, Refused
from net.messages import (
    CancelAfter,
    CancelAfterResult,
    CancelAll,
    MassQuote,
    MassResult,
    OrderResult,
    Status,
)
from net.units import UnitError

_RETRY_S: Final = (0.02, 0.5)
"""First and longest pause between two tries to settle an order."""


def engine_refusal(error: EngineUnavailable | UnknownOutcome) -> Refused:
    """What a client is told when the engine does not answer."""
    if isinstance(error, UnknownOutcome):
        return Refused(RejectCode.UNKNOWN_OUTCOME, "it was sent, but no answer came: it happened once or not at all")
    return Refused(RejectCode.ENGINE_UNAVAILABLE, "the engine is away; nothing was sent")


class Trading:
    """Passes order requests on to the engine. A request never raises: its result says what it came to."""

    def __init__(self, engine: Engine, mirror: Mirror, metrics: Metrics, settle_s: float) -> None:
        self._engine = engine
        self._mirror = mirror
        self._metrics = metrics
        self._settle_s = settle_s

    async def order(self, message: OrderRequest, account: AccountId) -> OrderResult:
        """Place, cancel or replace an order; one placed with a ``client_order_id`` is placed once, come what may."""
        try:
            command = orders.order_command(message, account, self._mirror.units)
            reply = await self._settle(command)
        except (Refused, UnitError) as refused:
            return orders.refused_order(message, refused)
        except (EngineUnavailable, UnknownOutcome) as error:
            return orders.refused_order(message, engine_refusal(error))
        units = self._mirror.units.get(message.symbol_id)
        if units is None:  # delisted while the request was under way
            return orders.refused_order(message, Refused(RejectCode.UNKNOWN_INSTRUMENT, "delisted meanwhile"))
        return orders.order_result(message, reply, units)

    async def many(self, message: CancelAll | MassQuote, account: AccountId) -> MassResult:
        """Cancel, or quote, many orders at once."""
        units = self._mirror.units
        try:
            command: commands.CancelAll | commands.MassQuote
            if isinstance(message, MassQuote):
                command = orders.mass_quote(message, account, units)
            else:
                command = orders.cancel_all(message, account, units)
            reply = await self._engine.submit(command)
        except (Refused, UnitError) as refused:
            return orders.refused_mass(refused, message.request_id)
        except (EngineUnavailable, UnknownOutcome) as error:
            return orders.refused_mass(engine_refusal(error), message.request_id)
        return orders.mass_result(reply, message.request_id)

    async def cancel_after(self, message: CancelAfter, account: AccountId) -> CancelAfterResult:
        """Arm or disarm the dead man's switch."""
        try:
            reply = await self._engine.cancel_after(account, message.seconds)
        except (EngineUnavailable, UnknownOutcome) as error:
            refused = engine_refusal(error)
            return CancelAfterResult(
                status=Status.ERROR, request_id=message.request_id, code=refused.code, message=refused.message
            )
        return orders.cancel_after_result(reply, message.request_id)

    async def _settle(self, command: orders.OrderCommand) -> Reply:
        """Submit; a new order with a name of its own, whose outcome is unknown, again until it is known."""
        try:
            return await self._engine.submit(command)
        except UnknownOutcome:
            if not isinstance(command, commands.NewOrder) or command.client_order_id is None:
                raise
            unknown = UnknownOutcome("add_order", command.client_order_id)
        deadline = asyncio.get_running_loop().time() + self._settle_s
        pause_s, longest_s = _RETRY_S
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, longest_s)
            try:
                return await self._engine.submit(command)
            except (EngineUnavailable, UnknownOutcome):
                continue
        raise unknown

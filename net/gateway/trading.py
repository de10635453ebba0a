"""Order requests of an account, from either door: converted, submitted, settled, answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from engine import commands
from engine.types import AccountId, RejectCode
from net.engine_link import Outcome
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
        self._settling: set[asyncio.Task[None]] = set()

    async def order(self, message: OrderRequest, account: AccountId) -> OrderResult:
        """Place, cancel or replace an order."""
        result: asyncio.Future[OrderResult] = asyncio.get_running_loop().create_future()

        def answer(what: OrderResult) -> None:
            if not result.done():
                result.set_result(what)

        self.place(message, account, time.monotonic_ns(), answer)
        return await result

    def place(
        self, message: OrderRequest, account: AccountId, received_ns: int, answer: Callable[[OrderResult], None]
    ) -> None:
        """Place, cancel or replace an order and call ``answer`` once, at once or later, without a task.

        One placed with a ``client_order_id`` is placed once, come what may.
        """

        def replied(outcome: Outcome) -> None:
            replied_ns = time.monotonic_ns()
            if not isinstance(outcome, Reply):
                self._not_answered(message, command, outcome, answer)
                return
            answer(self._order_result(message, outcome))
            now_ns = time.monotonic_ns()
            self._metrics.out.add(now_ns - replied_ns)
            self._metrics.order.add(now_ns - received_ns)

        try:
            command = orders.order_command(message, account, self._mirror.units)
            self._engine.send(command, replied)
        except (Refused, UnitError) as refused:
            answer(orders.refused_order(message, refused))
        except EngineUnavailable as error:
            answer(orders.refused_order(message, engine_refusal(error)))
        else:
            self._metrics.gateway.add(time.monotonic_ns() - received_ns)

    def _order_result(self, message: OrderRequest, reply: Reply) -> OrderResult:
        units = self._mirror.units.get(message.symbol_id)
        if units is None:  # delisted while the request was under way
            return orders.refused_order(message, Refused(RejectCode.UNKNOWN_INSTRUMENT, "delisted meanwhile"))
        return orders.order_result(message, reply, units)

    def _not_answered(
        self,
        message: OrderRequest,
        command: orders.OrderCommand,
        error: EngineUnavailable | UnknownOutcome,
        answer: Callable[[OrderResult], None],
    ) -> None:
        named = isinstance(command, commands.NewOrder) and command.client_order_id is not None
        if not named or isinstance(error, EngineUnavailable):
            answer(orders.refused_order(message, engine_refusal(error)))
            return
        task = asyncio.get_running_loop().create_task(self._settle(message, command, error, answer))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

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
        scale = None if message.symbol_id is None else units.get(message.symbol_id)
        return orders.mass_result(reply, message.request_id, scale)

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

    async def _settle(
        self,
        message: OrderRequest,
        command: orders.OrderCommand,
        unknown: UnknownOutcome,
        answer: Callable[[OrderResult], None],
    ) -> None:
        """Send an order with a name of its own, whose outcome is unknown, again until it is known."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settle_s
        pause_s, longest_s = _RETRY_S
        while loop.time() < deadline:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, longest_s)
            try:
                reply = await self._engine.submit(command)
            except (EngineUnavailable, UnknownOutcome):
                continue
            answer(self._order_result(message, reply))
            return
        answer(orders.refused_order(message, engine_refusal(unknown)))

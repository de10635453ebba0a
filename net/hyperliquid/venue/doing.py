"""Actions and questions of clients, done with whatever fault waits for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from net.hyperliquid.venue.answers import Answer, err
from net.hyperliquid.venue.exchange import read
from net.hyperliquid.venue.faults import FaultKind
from net.hyperliquid.venue.questions import Question

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue


class Lost(Exception):
    """A fault wants the connection to be cut without an answer."""


class Broken(Exception):
    """A fault refuses a question; the message is the refusal."""


async def act(venue: Venue, payload: bytes | memoryview) -> Answer:
    """Do a signed action.

    Raises:
        Lost: no answer may leave; it is done or not, as the fault wants it.
        Undecodable, TradesimError: as ``Exchange.act``.
    """
    kinds = (FaultKind.DROP, FaultKind.DELAY, FaultKind.REFUSE, FaultKind.LOSE_ANSWER)
    fault = venue.streams.faults.strike(_action_type(payload), *kinds)
    if fault is None:
        return await venue.exchange.act(payload)
    match fault.kind:
        case FaultKind.DROP:
            raise Lost
        case FaultKind.REFUSE:
            read(payload)
            return err(fault.text)
        case FaultKind.LOSE_ANSWER:
            await venue.exchange.act(payload)
            raise Lost
        case _:
            answer = await venue.exchange.act(payload)
            await asyncio.sleep(fault.seconds)
            return answer


async def ask(venue: Venue, question: Question) -> object:
    """Answer a question.

    Raises:
        Lost: the connection is to be cut.
        Broken: it is refused.
        Undecodable, BadAggregation, TradesimError: as ``Info.answer``.
    """
    fault = venue.streams.faults.strike(question.type, FaultKind.DROP, FaultKind.DELAY, FaultKind.REFUSE)
    if fault is not None:
        if fault.kind is FaultKind.DROP:
            raise Lost
        if fault.kind is FaultKind.REFUSE:
            raise Broken(fault.text)
        await asyncio.sleep(fault.seconds)
    return await venue.info.answer(question)


class _OnlyAction(msgspec.Struct, frozen=True):
    class _OnlyType(msgspec.Struct, frozen=True):
        type: str = ""

    action: _OnlyType = _OnlyType()


def _action_type(payload: bytes | memoryview) -> str:
    try:
        return msgspec.json.decode(payload, type=_OnlyAction).action.type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""

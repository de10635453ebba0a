"""Asking one thing and getting the answer of the right type: what all of a client's methods have in common."""

from __future__ import annotations

from typing import TypeVar

from net import messages as m
from net.client.connection import Connection
from net.errors import ProtocolViolation

A = TypeVar("A", bound=m.ServerMessage)


class Asker:
    """Base of those who ask over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _ask(self, request: m.AnyClientMessage, expected: type[A]) -> A:
        answer = await self._connection.ask(request)
        if not isinstance(answer, expected):
            raise ProtocolViolation(f"{type(request).__name__} was answered by {type(answer).__name__}")
        return answer

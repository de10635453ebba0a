"""The accounts that a connection holds, and which private message of each comes next.

After a reconnect the exchange sends what was missed. Until it said that it does (``resumed``), newer private messages
may already arrive; they are held back, so that the consumer sees every number once and in order.
"""

from __future__ import annotations

from typing import TypeAlias

from net import messages as m

PrivatePush: TypeAlias = m.Execution | m.OrderUpdate | m.PortfolioUpdate

HELD_BACK_LIMIT = 10_000
"""More private messages than this before the answer to ``resume`` end the connection."""


class HeldAccount:
    """One account of the session: how to register it again, and the last private message it saw."""

    __slots__ = ("_held_back", "_resuming", "agent_id", "epoch", "registration", "sequence")

    def __init__(self, registration: m.AgentRegister, answer: m.AgentRegistered, epoch: str) -> None:
        self.agent_id = answer.agent_id
        self.registration = registration
        self.epoch = epoch
        self.sequence = answer.sequence
        self._resuming = False
        self._held_back: list[PrivatePush] = []

    @property
    def token(self) -> str | None:
        """The account's secret."""
        return self.registration.token

    def expect_resume(self) -> None:
        """Hold messages back until ``resumed`` is told."""
        self._resuming = True
        self._held_back.clear()

    @property
    def overflowed(self) -> bool:
        """Whether the answer to ``resume`` is overdue by more messages than may be held back."""
        return len(self._held_back) > HELD_BACK_LIMIT

    def accept(self, message: PrivatePush) -> list[PrivatePush]:
        """Return what the consumer may see now, in order and each number once."""
        if message.sequence == 0:
            return [message]
        if message.sequence <= self.sequence:
            return []
        if self._resuming:
            self._held_back.append(message)
            return []
        self.sequence = message.sequence
        return [message]

    def resumed(self, answer: m.ResumedData) -> list[PrivatePush]:
        """Take the answer to ``resume``: what is missing follows it, or else the full state does."""
        self._resuming = False
        self.epoch = answer.epoch
        held_back, self._held_back = self._held_back, []
        if not answer.resumed:
            self.sequence = answer.sequence
            return []
        held_back.sort(key=lambda message: message.sequence)
        seen: list[PrivatePush] = []
        for message in held_back:
            if message.sequence != self.sequence + 1:
                break
            self.sequence = message.sequence
            seen.append(message)
        return seen


def owner(message: PrivatePush) -> str | None:
    """Return the account a private message belongs to, where it says so."""
    if isinstance(message, m.PortfolioUpdate):
        return message.agent_id
    return message.data.agent_id

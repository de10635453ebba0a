"""The accounts that a connection holds, and which private message of each comes next.

After a reconnect the exchange sends what was missed. Until it says that it does (``resumed``), newer private messages
may already arrive; they are passed over, as they are among what is sent then. So the consumer sees every number once
and in order.
"""

from __future__ import annotations

from typing import TypeAlias

from net import messages as m

PrivatePush: TypeAlias = m.Execution | m.OrderUpdate | m.PortfolioUpdate


class HeldAccount:
    """One account of the session: how to register it again, and the last private message it saw."""

    __slots__ = ("_resuming", "agent_id", "epoch", "registration", "sequence")

    def __init__(self, registration: m.AgentRegister, answer: m.AgentRegistered, epoch: str) -> None:
        self.agent_id = answer.agent_id
        self.registration = registration
        self.epoch = epoch
        self.sequence = answer.sequence
        self._resuming = False

    @property
    def token(self) -> str | None:
        """The account's secret."""
        return self.registration.token

    def expect_resume(self) -> None:
        """Pass numbered messages over until ``resumed`` is told."""
        self._resuming = True

    def accept(self, message: PrivatePush) -> bool:
        """Whether the consumer may see a message: in order, and each number once."""
        if message.sequence == 0:
            return True
        if self._resuming or message.sequence <= self.sequence:
            return False
        self.sequence = message.sequence
        return True

    def resumed(self, answer: m.ResumedData) -> None:
        """Take the answer to ``resume``: what is missing follows it, or else the full state does."""
        self._resuming = False
        self.epoch = answer.epoch
        if not answer.resumed:
            self.sequence = answer.sequence


def owner(message: PrivatePush) -> str | None:
    """Return the account a private message belongs to, where it says so."""
    if isinstance(message, m.PortfolioUpdate):
        return message.agent_id
    return message.data.agent_id

"""What a client hears: answers for those who asked, pushes for the reader, and what it keeps in mind itself."""

from __future__ import annotations

import asyncio

import msgspec

from engine.types import InstrumentStatus
from net import messages as m
from net.client.accounts import HeldAccount, PrivatePush, owner
from net.client.inbox import Inbox
from net.client.pending import PendingRequest, PendingRequests, answered_id

_FOR_READERS = frozenset(
    (m.TradePrint, m.OrderBooks, m.BookDelta, m.Bbo, m.OrderPlaced, m.Decision, m.AgentsSnapshot, m.Performance)
)
"""Pushes that come by the thousand, answer nobody and teach the client nothing."""


class Intake:
    """All that outlives a link: what is known of the exchange, the accounts held, requests and pushes that wait."""

    def __init__(self, inbox: Inbox, pending: PendingRequests) -> None:
        self.inbox = inbox
        self.pending = pending
        self.hello: m.HelloData | None = None
        self.instruments: dict[int, m.InstrumentShape] = {}
        self.accounts: dict[str, HeldAccount] = {}
        self.greeted = asyncio.Event()
        """Set when a new link has told its first messages, up to the instruments."""

    def hear(self, message: m.AnyServerMessage) -> bool:
        """Take one message from the exchange; False when there is no room for it."""
        if type(message) in _FOR_READERS:
            return self._push(message)
        request_id = answered_id(message)
        request = self.pending.get(request_id) if request_id is not None else None
        if request is not None:
            self._hear_answer(request, message)
            return True
        if isinstance(message, m.Execution | m.OrderUpdate | m.PortfolioUpdate):
            return self._hear_private(message)
        if request_id is not None and not isinstance(message, m.Orders | m.Trades):
            return True  # an answer that came too late
        self._learn(message)
        return self._push(message)

    def _push(self, message: m.AnyServerMessage) -> bool:
        if self.inbox.full:
            return False
        self.inbox.put(message)
        return True

    def _hear_answer(self, request: PendingRequest, message: m.AnyServerMessage) -> None:
        if isinstance(message, m.AgentRegistered) and isinstance(request.message, m.AgentRegister):
            self._hold(request.message, message)
        elif isinstance(message, m.Resumed):
            account = self.accounts.get(message.data.agent_id)
            self.inbox.put(message)
            if account is not None:
                account.resumed(message.data)
        if not request.answer.done():
            request.answer.set_result(message)

    def _hear_private(self, message: PrivatePush) -> bool:
        agent_id = owner(message)
        account = self.accounts.get(agent_id) if agent_id else next(iter(self.accounts.values()), None)
        if self.inbox.full:
            return False
        if account is None or account.accept(message):
            self.inbox.put(message)
        return True

    def _hold(self, registration: m.AgentRegister, answer: m.AgentRegistered) -> None:
        epoch = self.hello.epoch if self.hello else ""
        token = answer.token or registration.token
        registration = msgspec.structs.replace(
            registration, agent_id=answer.agent_id, token=token, name=None, starting_capital=None, request_id=None
        )
        held = self.accounts.get(answer.agent_id)
        if held is None:
            self.accounts[answer.agent_id] = HeldAccount(registration, answer, epoch)
        else:
            held.registration = registration

    def _learn(self, message: m.AnyServerMessage) -> None:
        """Keep what the client itself knows of the exchange up to date."""
        match message:
            case m.Hello():
                self.hello = message.data
            case m.Instruments():
                self.instruments = {instrument.symbol_id: instrument for instrument in message.data}
                self.greeted.set()
            case m.InstrumentStatusChange() if message.data.status is InstrumentStatus.REMOVED:
                self.instruments.pop(message.data.symbol_id, None)
            case m.InstrumentStatusChange():
                self.instruments[message.data.symbol_id] = message.data
            case _:
                pass

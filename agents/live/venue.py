"""Carries out agents' intents through the WebSocket client, as any other user would.

Every intent is one request in a task of its own, sent in the order of the intents. What waits is bounded: an agent with
too many requests in flight loses the newest, of its quotes in one instrument only the latest set waits, and while the
link is down nothing is sent at all.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

import structlog

from agents.host import AgentHost
from agents.intents import AgentIntent, Ask, Cancel, CancelAll, Done, Explain, New, Quotes, Replace
from engine.types import RejectCode, SymbolId
from net import messages as m
from net.client import Client, ConnectionState
from net.errors import TradesimError, UnknownOutcome
from net.units import Units

IN_FLIGHT_LIMIT: Final = 32
"""Requests of one agent that may wait for answers."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("agents.venue")


class Desk:
    """One agent's place at the venue: its host, the client it trades through, and what it waits for."""

    __slots__ = ("client", "host", "in_flight", "later_quotes", "quoting")

    def __init__(self, host: AgentHost, client: Client) -> None:
        self.host = host
        self.client = client
        self.in_flight = 0
        self.quoting: set[SymbolId] = set()
        self.later_quotes: dict[SymbolId, Quotes] = {}

    def forget_quotes(self, symbol_id: SymbolId | None = None) -> None:
        """Send no quotes that wait for an answer to others, in one instrument or in all."""
        for waiting in list(self.later_quotes) if symbol_id is None else [symbol_id]:
            self.later_quotes.pop(waiting, None)


class LiveVenue:
    """A ``Venue`` over clients; agents take their seats with ``seat``."""

    def __init__(self, units: dict[SymbolId, Units], asker: Callable[[AgentHost, Ask], None] | None = None) -> None:
        """``units`` is shared with whoever lists instruments; ``asker`` answers questions to a language model."""
        self._units = units
        self._asker = asker
        self._desks: dict[str, Desk] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Order ids must differ from those of an earlier run of the same account.
        self._run = secrets.token_hex(3)
        self.sent = 0
        self.rejected: dict[str, int] = {}
        """Refusals by code."""
        self.dropped = 0
        """Intents that were not sent: no link, or too much in flight."""

    def seat(self, host: AgentHost, client: Client) -> None:
        """Let an agent trade through ``client``."""
        self.leave(host.agent_id)
        self._desks[host.agent_id] = Desk(host, client)

    def leave(self, agent_id: str) -> None:
        """Forget an agent."""
        desk = self._desks.pop(agent_id, None)
        if desk is not None:
            desk.forget_quotes()

    def ref_of(self, client_order_id: str | None) -> int:
        """The agent's number for an order of this run; 0 for others."""
        run, _, number = (client_order_id or "").partition("-")
        return int(number) if run == self._run and number.isdigit() else 0

    def ask(self, agent_id: str, question: Ask) -> None:
        """Put an agent's question to the language model."""
        desk = self._desks.get(agent_id)
        if desk is not None and self._asker is not None:
            self._asker(desk.host, question)

    def send(self, agent_id: str, intents: Sequence[AgentIntent]) -> None:
        """Carry out intents; their outcome reaches the agent as events."""
        desk = self._desks.get(agent_id)
        if desk is not None:
            for intent in intents:
                self._send(desk, intent)

    def _send(self, desk: Desk, intent: AgentIntent) -> None:
        if desk.client.state is not ConnectionState.LIVE or desk.in_flight >= IN_FLIGHT_LIMIT:
            self.dropped += 1
            return
        if isinstance(intent, Quotes) and intent.symbol_id in desk.quoting:
            desk.later_quotes[intent.symbol_id] = intent
            return
        request = self._request(desk, intent)
        if request is not None:
            self.sent += not isinstance(intent, Explain)
            desk.in_flight += 1
            task = asyncio.create_task(
                self._carry_out(desk, request), name=f"{desk.host.agent_id} {type(intent).__name__}"
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _request(self, desk: Desk, intent: AgentIntent) -> Coroutine[object, object, None] | None:
        if isinstance(intent, Explain):
            desk.host.context.narrate = False  # enough for now; the session's tick asks again
            return self._explain(desk, intent)
        if isinstance(intent, CancelAll):
            desk.forget_quotes(intent.symbol_id)
            return self._cancel_all(desk, intent)
        if not isinstance(intent, New | Cancel | Replace | Quotes):
            return None
        units = self._units.get(intent.symbol_id)
        if units is None:
            return None
        if isinstance(intent, New):
            return self._new(desk, intent, units)
        if isinstance(intent, Quotes):
            desk.quoting.add(intent.symbol_id)
            return self._quotes(desk, intent, units)
        return self._change(desk, intent, units)

    async def _carry_out(self, desk: Desk, request: Coroutine[object, object, None]) -> None:
        try:
            await request
        except TradesimError as error:
            self._count(type(error).__name__)
        finally:
            desk.in_flight -= 1

    async def _new(self, desk: Desk, intent: New, units: Units) -> None:
        agent_id, working = desk.host.agent_id, desk.host.context.portfolio.working
        if intent.ref:
            working[intent.ref] = intent.symbol_id  # now: its fill may be heard before its answer
        try:
            result = await desk.client.add_order(
                intent.symbol_id,
                intent.side,
                units.quantity(intent.qty),
                price=None if intent.price is None else units.price(intent.price),
                time_in_force=intent.tif,
                post_only=intent.post_only,
                display_quantity=None if intent.display_qty is None else units.quantity(intent.display_qty),
                client_order_id=f"{self._run}-{intent.ref}" if intent.ref else None,
                agent_id=agent_id,
            )
        except UnknownOutcome:
            self._count("unknown_outcome")
            return  # what came of it, if anything, arrives as private messages
        if result.status is m.Status.ERROR:
            code = result.code.value if result.code else "refused"
            self._count(code)
            desk.host.deliver(Done(intent.symbol_id, intent.ref, code))
        elif not result.leaves_quantity:
            working.pop(intent.ref, None)

    async def _change(self, desk: Desk, intent: Cancel | Replace, units: Units) -> None:
        order, agent_id = f"{self._run}-{intent.ref}", desk.host.agent_id
        if isinstance(intent, Cancel):
            result = await desk.client.cancel_order(intent.symbol_id, client_order_id=order, agent_id=agent_id)
        else:
            result = await desk.client.modify_order(
                intent.symbol_id,
                client_order_id=order,
                price=None if intent.price is None else units.price(intent.price),
                quantity=None if intent.qty is None else units.quantity(intent.qty),
                agent_id=agent_id,
            )
        if result.status is m.Status.ERROR:
            self._count(result.code.value if result.code else "refused")
            if result.code is RejectCode.UNKNOWN_ORDER:
                desk.host.deliver(Done(intent.symbol_id, intent.ref, "unknown_order"))

    async def _cancel_all(self, desk: Desk, intent: CancelAll) -> None:
        await desk.client.cancel_all(intent.symbol_id, agent_id=desk.host.agent_id)

    async def _quotes(self, desk: Desk, intent: Quotes, units: Units) -> None:
        try:
            result = await desk.client.mass_quote(
                intent.symbol_id,
                [(units.price(price), units.quantity(qty)) for price, qty in intent.bids],
                [(units.price(price), units.quantity(qty)) for price, qty in intent.asks],
                agent_id=desk.host.agent_id,
            )
            if result.status is m.Status.ERROR:
                code = result.code.value if result.code else "refused"
                self._count(code)
                desk.quoting.discard(intent.symbol_id)
                desk.host.deliver(Done(intent.symbol_id, 0, code))
        finally:
            desk.quoting.discard(intent.symbol_id)
            later = desk.later_quotes.pop(intent.symbol_id, None)
            if later is not None:
                self._send(desk, later)

    async def _explain(self, desk: Desk, intent: Explain) -> None:
        await desk.client.report_decision(
            intent.stage,
            intent.action[:128],
            intent.why[:512],
            symbol_id=intent.symbol_id,
            confidence=intent.confidence,
            latency_ms=intent.latency_ms,
            cost=intent.cost,
            fell_back_from=intent.fell_back_from,
            agent_id=desk.host.agent_id,
        )

    def _count(self, code: str) -> None:
        seen = self.rejected[code] = self.rejected.get(code, 0) + 1
        if seen == 1:
            log.warning("refused for the first time", code=code)

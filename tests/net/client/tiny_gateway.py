"""A tiny exchange on a real socket: one instrument, every order fills at once, private messages are numbered.

It speaks ``net.messages`` and can be told to misbehave the way networks and restarts do.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from engine.types import InstrumentStatus, Liquidity, RejectCode, Side
from net import messages as m

ACME = m.InstrumentShape(
    symbol_id=1,
    ticker="ACME",
    description="Anvils",
    industry="Tools",
    initial_price=100.0,
    tick_size=0.01,
    lot_size=1.0,
    status=InstrumentStatus.OPEN,
    source="simulated",
)
LIMITS = m.LimitsShape(
    max_message_bytes=65_536, max_errors=10, orders_per_second=1_000, working_orders=1_000, max_channels=64
)


class Account:
    """One account: its secret, its numbered private messages, and the answers it was given."""

    def __init__(self, agent_id: str, token: str) -> None:
        self.agent_id = agent_id
        self.token = token
        self.log: list[m.ServerMessage] = []
        self.answers: dict[str, m.OrderResult] = {}


class TinyGateway:
    """Start with ``async with``; ``url`` says where it is."""

    def __init__(self) -> None:
        self.epoch = "epoch-1"
        self.accounts: dict[str, Account] = {}
        self.links: dict[ServerConnection, dict[str, Account]] = {}
        self.heard: list[m.AnyClientMessage] = []
        self.orders_placed = 0
        self.before_answer: Callable[[ServerConnection, m.AnyClientMessage], bool] = lambda _link, _message: True
        """Called when a request was done and before it is answered; False keeps the answer back."""
        self.log_kept = True
        self.refuse_accounts: RejectCode | None = None
        self.deaf = False
        self.something_heard = asyncio.Event()
        self.links_opened = 0
        self._ids = itertools.count(1)
        self._server: Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/ws"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await serve(self._serve, "127.0.0.1", self._port, compression=None)
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self.cut_all()
        self._server.close()
        await self._server.wait_closed()

    def cut_all(self) -> None:
        """Break every link without a close frame, as a dead process or network does."""
        for link in list(self.links):
            link.transport.abort()

    def fill(self, agent_id: str, trade_id: int) -> None:
        """Tell an account of a fill, on every link that holds it."""
        account = self.accounts[agent_id]
        data = m.ExecutionShape(
            order_id=1,
            trade_id=trade_id,
            symbol_id=1,
            side=Side.BUY,
            price=100.0,
            quantity=1.0,
            liquidity=Liquidity.MAKER,
            fee=0.0,
            leaves_quantity=0.0,
            timestamp=0,
            agent_id=agent_id,
        )
        self.tell(account, m.Execution(sequence=len(account.log) + 1, data=data))

    def tell(self, account: Account, message: m.ServerMessage) -> None:
        account.log.append(message)
        for link, held in self.links.items():
            if account.agent_id in held:
                send(link, message)

    def say_again(self, agent_id: str) -> None:
        """Repeat the last private message of an account."""
        account = self.accounts[agent_id]
        self.tell(account, account.log.pop())

    def publish(self, message: m.ServerMessage) -> None:
        for link in self.links:
            send(link, message)

    async def _serve(self, link: ServerConnection) -> None:
        self.links[link] = {}
        self.links_opened += 1
        hello = m.HelloData(
            protocol=m.PROTOCOL_VERSION,
            epoch=self.epoch,
            sequence=0,
            durability="none",
            heartbeat_ms=1_000,
            limits=LIMITS,
            server_time=0,
        )
        send(link, m.Hello(data=hello))
        send(link, m.Instruments(data=[ACME]))
        try:
            async for frame in link:
                message = m.decode_client_message(frame)
                self.heard.append(message)
                self.something_heard.set()
                if not self.deaf:
                    self._answer(link, message)
        except ConnectionClosed:
            pass
        finally:
            del self.links[link]

    def _answer(self, link: ServerConnection, message: m.AnyClientMessage) -> None:
        after: list[m.ServerMessage] = []
        match message:
            case m.AgentRegister():
                answer, after = self._register(link, message)
            case m.AddOrder():
                answer = m.OrderResponse(data=self._add(link, message))
            case m.Resume():
                answer, after = self._resume(message)
            case m.Subscribe() | m.Unsubscribe():
                data = m.SubscribedData(channels=message.channels, rate_hz=5.0, request_id=message.request_id)
                answer = m.Subscribed(data=data)
            case m.Ping():
                answer = m.Pong(data=m.PongData(server_time=7, id=message.id))
            case m.CancelOrder():
                result = m.OrderResult(
                    status=m.Status.SUCCESS, order_id=message.order_id, request_id=message.request_id
                )
                answer = m.CancelResponse(data=result)
            case _:
                answer = refusal(message, RejectCode.NOT_ALLOWED)
        if self.before_answer(link, message):
            send(link, answer)
            for further in after:
                send(link, further)

    def _register(
        self, link: ServerConnection, message: m.AgentRegister
    ) -> tuple[m.ServerMessage, list[m.ServerMessage]]:
        if self.refuse_accounts is not None:
            return refusal(message, self.refuse_accounts), []
        agent_id = message.agent_id or f"agent-{next(self._ids)}"
        account = self.accounts.get(agent_id)
        if account is None:
            account = self.accounts[agent_id] = Account(agent_id, f"secret of {agent_id}")
        elif message.token != account.token:
            return refusal(message, RejectCode.BAD_TOKEN), []
        self.links[link][agent_id] = account
        agent = m.AgentShape(
            agent_id=agent_id,
            name=message.name or "",
            personality="",
            cash=0.0,
            positions={},
            total_value=0.0,
            pnl=0.0,
            status="running",
        )
        answer = m.AgentRegistered(
            agent_id=agent_id,
            token=account.token if message.token is None else None,
            agent=agent,
            sequence=len(account.log),
            request_id=message.request_id,
        )
        return answer, []

    def _add(self, link: ServerConnection, message: m.AddOrder) -> m.OrderResult:
        held = self.links[link]
        account = held.get(message.agent_id) if message.agent_id else next(iter(held.values()), None)
        if account is None:
            return m.OrderResult(
                status=m.Status.ERROR, code=RejectCode.NOT_REGISTERED, message="who?", request_id=message.request_id
            )
        assert message.client_order_id is not None
        known = account.answers.get(message.client_order_id)
        if known is None:
            self.orders_placed += 1
            known = m.OrderResult(
                status=m.Status.SUCCESS,
                order_id=self.orders_placed,
                client_order_id=message.client_order_id,
                leaves_quantity=0.0,
                filled_quantity=message.quantity,
                average_price=100.0,
            )
            account.answers[message.client_order_id] = known
            self.fill(account.agent_id, trade_id=self.orders_placed)
        return m.OrderResult(
            status=known.status,
            order_id=known.order_id,
            client_order_id=known.client_order_id,
            request_id=message.request_id,
            leaves_quantity=known.leaves_quantity,
            filled_quantity=known.filled_quantity,
            average_price=known.average_price,
        )

    def _resume(self, message: m.Resume) -> tuple[m.ServerMessage, list[m.ServerMessage]]:
        assert message.agent_id is not None
        account = self.accounts[message.agent_id]
        possible = message.epoch == self.epoch and self.log_kept
        data = m.ResumedData(
            resumed=possible,
            agent_id=account.agent_id,
            epoch=self.epoch,
            sequence=len(account.log),
            request_id=message.request_id,
        )
        if possible:
            return m.Resumed(data=data), account.log[message.sequence :]
        state = m.PortfolioUpdate(
            agent_id=account.agent_id, cash=1.0, reserved=0.0, positions={}, total_value=1.0, pnl=0.0
        )
        return m.Resumed(data=data), [state, m.Orders(data=m.OrdersData(agent_id=account.agent_id, orders=[]))]


def send(link: ServerConnection, message: m.ServerMessage) -> None:
    """Write one frame at once, without waiting for the peer."""
    if link.protocol.state.name == "OPEN":
        link.protocol.send_text(m.encode(message))
        for data in link.protocol.data_to_send():
            if data:
                link.transport.write(data)


def refusal(message: m.AnyClientMessage, code: RejectCode) -> m.Error:
    return m.Error(data=m.ErrorData(code=code, message="no", request_id=message.request_id))

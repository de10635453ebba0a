"""What can go wrong between the processes, as one tree.

::

    TradesimError
    ├── StartupError        a process cannot start: one line for the person who started it, exit status 2
    ├── EngineFailed        the engine cannot go on: one line that says why, exit status 1
    ├── NotConnected        nothing was sent: there is no link, and none came up in time
    │   ├── HandshakeRefused    the server answered, and does not want this client: trying again is no use
    │   └── EngineUnavailable   the engine is away
    ├── DeadlineExceeded    the answer to a question did not come in time: asking again is harmless
    ├── EventsLost          the event stream cannot be continued: take a new snapshot
    ├── UnknownOutcome      a command was sent and its answer never came: it was done once or not at all
    ├── RequestRefused      the peer said no, with a code, to a request whose answer has no room for one
    ├── ProtocolViolation   the peer said something that its protocol does not allow
    └── TooManyRequests     more requests are waiting for answers than the bound permits; this one was not sent

An order that the exchange refused is not an error: it is an answer (``OrderResult`` with ``status`` error).
"""

from __future__ import annotations

from engine.types import RejectCode


class TradesimError(Exception):
    """Base of everything raised by ``net`` on purpose."""


class StartupError(TradesimError):
    """A process cannot start; the message is one line and says what to change."""


class EngineFailed(TradesimError):
    """The engine cannot go on; the message is one line and says what to change."""


class NotConnected(TradesimError):
    """There is no link to send on; what was asked did not happen."""


class HandshakeRefused(NotConnected):
    """The server refused the connection (status 4xx): wrong token, wrong path or a foreign Origin."""


class EngineUnavailable(NotConnected):
    """There is no link to the engine, or it does not answer questions; nothing was changed."""


class EventsLost(TradesimError):
    """The engine no longer keeps the events asked for, or its epoch changed."""


class DeadlineExceeded(TradesimError, TimeoutError):
    """No answer came in time to a request that changes nothing."""


class UnknownOutcome(TradesimError):
    """A command's link died, or its deadline passed, after it was sent and before it was answered.

    It happened once or not at all. An order is settled by sending it again with the same ``client_order_id``.
    """

    def __init__(self, request: str, client_order_id: str | None = None, reason: str = "no answer came") -> None:
        named = f" (client_order_id {client_order_id})" if client_order_id else ""
        super().__init__(f"{request}{named} was sent, but {reason}")
        self.request = request
        self.client_order_id = client_order_id


class RequestRefused(TradesimError):
    """The exchange refused a request that is not about an order."""

    def __init__(self, code: RejectCode, message: str, field: str | None = None) -> None:
        super().__init__(f"{code.value}: {message}")
        self.code = code
        self.message = message
        self.field = field


class ProtocolViolation(TradesimError):
    """The peer sent something that its protocol does not allow."""


class TooManyRequests(TradesimError):
    """As many requests as the bound permits are already waiting for their answers."""

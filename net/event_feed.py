"""Who receives the engine's events, and up to where."""

from __future__ import annotations

from engine.events import AnyEvent
from net.engine_connection import EngineConnection
from net.engine_protocol import SubscribeEvents
from net.event_ring import EventRing
from net.logs import get_logger

log = get_logger("engine")

_PUMP_BATCHES = 256


class EventFeed:
    """Sends what is released of a ring to its subscribers.

    A subscriber that does not keep up costs nothing: it is a cursor, and is cut off when the ring has overtaken it.
    """

    def __init__(self, ring: EventRing) -> None:
        self.ring = ring
        self.subscribers: list[EngineConnection] = []
        self._released = ring.next

    def append(self, time: int, events: list[AnyEvent]) -> None:
        """Add the events of a command; nobody sees them before they are released."""
        self.ring.append(time, events)

    def cursor(self, request: SubscribeEvents) -> int | None:
        """The batch from which a subscription has to begin; None when it cannot."""
        return self.ring.find(request.from_sequence) if request.epoch in (None, self.ring.epoch) else None

    def subscribe(self, connection: EngineConnection, cursor: int) -> None:
        """Send all batches from ``cursor`` on, from the next release on."""
        if connection.open:
            connection.cursor = cursor
            self.subscribers.append(connection)

    def release(self, end: int) -> None:
        """Send the batches below ``end``: they are durable."""
        self._released = end
        for connection in tuple(self.subscribers):
            self.pump(connection)

    def pump(self, connection: EngineConnection) -> None:
        """Send to one subscriber until it has everything released or takes no more; cut it off when it missed some."""
        cursor = connection.cursor
        if cursor is None:
            return
        if cursor < self.ring.first:
            log.warning("subscriber cut off", behind=self.ring.next - cursor)
            connection.abort()
            return
        while connection.writable and connection.open and cursor < self._released:
            end = min(self._released, cursor + _PUMP_BATCHES)
            lines = b"".join(self.ring.lines(cursor, end))
            connection.cursor = cursor = end
            connection.send(lines, 0)

    def forget(self, connection: EngineConnection) -> None:
        """Send this connection no more."""
        if connection in self.subscribers:
            self.subscribers.remove(connection)

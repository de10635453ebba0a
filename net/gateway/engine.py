"""What the gateway asks of an engine: the seam between the two, small enough to fake in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from engine.service import AccountView, CandleView, FillView, OrderView
from engine.types import AccountId, SymbolId
from net.engine_link import Asker
from net.engine_protocol import EventBatch, RemoteCommand, Reply, SnapshotView, StatsView


class Engine(Protocol):
    """An engine behind a link that may fail; ``net.engine_client.EngineClient`` is one.

    All methods raise ``EngineUnavailable`` when there is no link; the two that change something raise
    ``UnknownOutcome`` when the link died, or the deadline passed, after sending.
    """

    @property
    def connected(self) -> bool:
        """Whether a request could be sent now."""

    async def submit(self, command: RemoteCommand) -> Reply:
        """Have a command applied; a refusal is a reply with a code. An account's commands keep their order."""

    def send(self, command: RemoteCommand, asker: Asker) -> None:
        """Do as ``submit`` does, for who would rather be called than have a task; raises ``EngineUnavailable``."""

    async def cancel_after(self, account: AccountId, seconds: float | None) -> Reply:
        """Arm or disarm an account's dead man's switch, counted from the engine's now."""

    async def snapshot(self) -> SnapshotView:
        """Everything public at one sequence."""

    def events(self, from_sequence: int, epoch: str | None = None) -> AsyncIterator[EventBatch]:
        """All events from number ``from_sequence`` on; raises ``EventsLost`` when they are no longer kept."""

    async def accounts(self, accounts: Sequence[AccountId] | None = None) -> list[AccountView]:
        """All accounts, or those named that exist."""

    async def orders(self, account: AccountId) -> list[OrderView]:
        """Working orders of one account, oldest first."""

    async def fills(self, account: AccountId, limit: int = 100) -> list[FillView]:
        """Newest fills of one account, newest first."""

    async def candles(self, symbol_id: SymbolId, interval_ns: int, limit: int = 200) -> list[CandleView]:
        """Newest candles of one instrument, oldest first."""

    async def stats(self) -> StatsView:
        """How the engine process is doing."""

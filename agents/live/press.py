"""What the agents process has published or halted through REST, as anybody with the admin token may."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from agents.newsroom import Story
from engine.types import SymbolId
from net import messages as m
from net.errors import TradesimError
from net.rest_client import Phase, RestClient
from net.sentiment import score
from net.tokens import ADMIN_TOKEN_FILE, read_token

QUEUE: Final = 64
TIMEOUT_S: Final = 5.0
HEADLINE_LENGTH: Final = 256

_Phased: TypeAlias = tuple[SymbolId, Phase, int | None]
"""An instrument, its new phase, and the seconds after which that ends by itself."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("agents.press")


class Press:
    """Posts one thing after the other; while the exchange is away they are lost, as old news are.

    What does not fit into the queue is lost too: the log says when that begins, and how much it was when it ends.
    """

    def __init__(self, ws_url: str, data_dir: Path | None) -> None:
        self._url = ws_url
        self._data_dir = data_dir
        self._queue: asyncio.Queue[Story | _Phased] = asyncio.Queue(QUEUE)
        self.published = 0
        self.dropped = 0
        """How much found the queue full."""
        self._dropped_told = 0

    def publish(self, story: Story) -> None:
        """Have a story posted soon."""
        self._put(story)

    def set_phase(self, symbol_id: SymbolId, phase: Phase, seconds: int | None = None) -> None:
        """Have an instrument halted, opened or, for so many ``seconds``, auctioned soon."""
        self._put((symbol_id, phase, seconds))

    async def posted(self) -> None:
        """Wait until all of it was posted, but not for an exchange that is away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                await self._queue.join()

    def _put(self, job: Story | _Phased) -> None:
        try:
            self._queue.put_nowait(job)
        except asyncio.QueueFull:
            if self.dropped == self._dropped_told:
                log.warning("the queue is full: what comes now is not published", waiting=QUEUE)
            self.dropped += 1
            return
        if self.dropped > self._dropped_told:
            log.warning("not published", reason="the queue was full", count=self.dropped - self._dropped_told)
            self._dropped_told = self.dropped

    async def run(self) -> None:
        """Post what is asked for, until canceled."""
        token = read_token(self._data_dir, ADMIN_TOKEN_FILE) or None
        if token is None:
            log.warning("without the admin token no news can be published")
        first = await self._queue.get()  # not before: the client's HTTP library is slow to import
        async with RestClient(self._url, token=token, timeout_s=TIMEOUT_S) as client:
            await self._post(client, first)
            while True:
                await self._post(client, await self._queue.get())

    async def _post(self, client: RestClient, job: Story | _Phased) -> None:
        try:
            if isinstance(job, Story):
                await client.publish_news(_news(job))
                self.published += 1
            else:
                symbol_id, phase, seconds = job
                await client.set_phase(symbol_id, phase, seconds=seconds)
        except TradesimError as error:
            log.warning("not published", reason=str(error))
        finally:
            self._queue.task_done()


def _news(story: Story) -> m.CreateNews:
    """A story as the public gets it: its sentiment is what its words sound like, the truth stays here."""
    return m.CreateNews(
        headline=story.headline[:HEADLINE_LENGTH],
        content=story.content,
        sentiment=round(score(f"{story.headline}. {story.content}"), 3),
        instrument_id=story.symbol_id,
        impact_type=story.scope,
        source="newsroom",
    )

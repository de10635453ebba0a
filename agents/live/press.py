"""Publishes the newsroom's stories through REST, as anybody with the admin token may."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from agents.newsroom import Story
from agents.sentiment import score

if TYPE_CHECKING:
    import httpx

ADMIN_TOKEN_FILE: Final = "admin.token"  # noqa: S105 - a file name
QUEUE: Final = 64
TIMEOUT_S: Final = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("agents.press")


def rest_url(ws_url: str) -> str:
    """The REST address beside a WebSocket address."""
    parts = urlsplit(ws_url)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"


def read_token(data_dir: Path | None, file: str) -> str:
    """A token of the data directory, or an empty string."""
    if data_dir is None:
        return ""
    try:
        return (data_dir / file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


class Press:
    """Posts stories one after the other; when the exchange is away, they are lost, as old news are."""

    def __init__(self, ws_url: str, data_dir: Path | None) -> None:
        self._url = f"{rest_url(ws_url)}/api/news"
        self._data_dir = data_dir
        self._queue: asyncio.Queue[Story] = asyncio.Queue(QUEUE)
        self.published = 0

    def publish(self, story: Story) -> None:
        """Have a story posted soon."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(story)

    async def run(self) -> None:
        """Post what is published, until canceled."""
        import httpx  # here, because it is slow to import and the books should be filled first

        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            while True:
                story = await self._queue.get()
                try:
                    await self._post(client, story)
                except httpx.HTTPError as error:
                    log.warning("a story was not published", reason=str(error) or type(error).__name__)

    async def _post(self, client: httpx.AsyncClient, story: Story) -> None:
        token = read_token(self._data_dir, ADMIN_TOKEN_FILE)
        body = {
            "headline": story.headline,
            "content": story.content,
            "sentiment": round(score(f"{story.headline}. {story.content}"), 3),  # as it sounds: the truth stays here
            "impact_type": story.scope,
            "source": "newsroom",
        }
        if story.symbol_id is not None:
            body["instrument_id"] = story.symbol_id
        response = await client.post(
            self._url, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        if response.is_error:
            log.warning("a story was refused", status=response.status_code, body=response.text[:200])
        else:
            self.published += 1

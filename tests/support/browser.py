"""A real browser, driven over its DevTools protocol: what a person sees and presses."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tui.picture import FLAGS, browser

PATIENCE_S = 40
_IDS = itertools.count(1)


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection, session: str) -> None:
        self._connection = connection
        self._session = session

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a DevTools method and wait for its answer; events on the way are dropped."""
        number = next(_IDS)
        request = {"id": number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        await self._connection.send(json.dumps(request))
        while True:
            answer = json.loads(await asyncio.wait_for(self._connection.recv(), PATIENCE_S))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self.run(condition):  # noqa: ASYNC110 - the condition is in another process
                await asyncio.sleep(0.05)

    async def go(self, url: str) -> None:
        """Open an address."""
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def reload(self) -> None:
        """Load the page again."""
        await self.run("window.before_reload = true")
        await self.call("Page.reload")
        await self.until("document.readyState === 'complete' && !window.before_reload")

    async def type(self, text: str) -> None:
        """Press keys."""
        for letter in text:
            code = {"\r": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}}.get(letter, {"key": letter})
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, **code)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    async def size(self, width: int, height: int) -> None:
        """Give the window another size."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def picture(self, path: Path) -> None:
        """Save what is seen as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))


class Browser:
    """A headless Chromium with a profile of its own."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def open(self, width: int = 1280, height: int = 800) -> Page:
        """A new tab, with its window's size."""
        root = Page(self._connection, session="")
        target = (await root.call("Target.createTarget", url="about:blank"))["targetId"]
        session = (await root.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = Page(self._connection, session)
        await page.size(width, height)
        await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        return page


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Browser]:
    """Run a browser; there must be one (``tui.picture.browser``)."""
    program = browser()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        url = ""
        async with asyncio.timeout(PATIENCE_S):
            while not url:
                line = (await process.stderr.readline()).decode()
                _, _, url = line.strip().partition("DevTools listening on ")
        async with connect(url, max_size=None, proxy=None) as connection:
            yield Browser(connection)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()

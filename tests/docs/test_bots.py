"""The programs of docs/BOTS.md, run against the real engine and gateway."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import CoroutineType

import pytest
from real_exchange import RealExchange, real_exchange

from net.client import Client

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- run: (?P<name>[\w ]+) -->\n```python\n(?P<code>.*?)```", re.DOTALL)
WRITTEN_URL = "ws://127.0.0.1:8000/ws"


def programs(name: str, url: str) -> list[str]:
    """The page's programs of this name, for the exchange at ``url``."""
    page = (ROOT / "docs" / "BOTS.md").read_text(encoding="utf-8")
    found = [match["code"] for match in BLOCK.finditer(page) if match["name"] == name]
    assert found, f"docs/BOTS.md has no program {name!r}"
    return [code.replace(WRITTEN_URL, url) for code in found]


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[RealExchange]:
    async with real_exchange(tmp_path) as running:
        yield running


@asynccontextmanager
async def running(code: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run a program as its user would, and give what it prints."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process.stdout
        assert process.returncode is None, "the program ended by itself"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def printed(output: asyncio.StreamReader) -> str:
    return (await asyncio.wait_for(output.readline(), 20)).decode().strip()


async def registered(exchange: RealExchange, name: str) -> None:
    """Wait until a bot's account exists."""
    async with Client(exchange.url) as client, asyncio.timeout(20):
        async for message in client.messages():
            if f"name='{name}'" in repr(message):
                return


async def test_the_twenty_line_bot_buys_what_fell(exchange: RealExchange) -> None:
    (code,) = programs("contrarian", exchange.url)
    async with running(code) as output, Client(exchange.url) as maker, Client(exchange.url) as taker:
        await registered(exchange, "contrarian")
        await maker.register("maker")
        await taker.register("taker")
        await maker.mass_quote(1, bids=[(100.0, 1), (99.0, 1)], asks=[(101.0, 5)])
        await taker.add_order(1, "sell", 2)
        assert await printed(output) == "buy success 101.0"


async def test_the_market_maker_quotes_and_leans_against_its_position(exchange: RealExchange) -> None:
    (code,) = programs("market maker", exchange.url)
    async with running(code) as output, Client(exchange.url) as taker:
        assert await printed(output) == "quotes ([(99.97, 10)], [(100.03, 10)])"
        await taker.register("taker")
        assert (await taker.add_order(1, "sell", 10)).filled_quantity == 10
        assert await printed(output) == "buy 10 @ 99.97, position 10"
        assert await printed(output) == "quotes ([(99.96, 10)], [(100.02, 10)])"


async def test_the_local_book_prints_the_best_levels(exchange: RealExchange) -> None:
    (code,) = programs("local book", exchange.url)
    async with Client(exchange.url) as maker:
        await maker.register("maker")
        await maker.add_order(1, "buy", 1, price=99.0)
        async with running(code) as output:
            line = asyncio.create_task(printed(output))
            price = 99.0
            while not line.done():
                price = round(price + 0.01, 2)
                await maker.add_order(1, "buy", 1, price=price)
                await asyncio.wait({line}, timeout=0.1)
            assert "LevelShape(price=99" in line.result()


async def test_the_notebook_reads_and_trades(exchange: RealExchange) -> None:
    pytest.importorskip("pandas")
    async with Client(exchange.url) as maker, Client(exchange.url) as taker:
        await maker.register("maker")
        await taker.register("taker")
        await maker.mass_quote(1, bids=[(99.0, 10)], asks=[(101.0, 100)])
        await taker.add_order(1, "buy", 3)
        async with asyncio.timeout(20):  # the tape may come after the answer: it is everybody's
            while not await taker.get_tape(1):
                pass
        names: dict[str, object] = {}
        for cell in programs("notebook", exchange.url):
            compiled = compile(cell, "notebook", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            result = eval(compiled, names)  # noqa: S307 - our own page
            if isinstance(result, CoroutineType):
                await result
        candles, tape, portfolio = names["candles"], names["tape"], names["portfolio"]
        assert candles["volume"].sum() == 3  # type: ignore[index]
        assert tape["quantity"].tolist() == [3]  # type: ignore[index]
        assert portfolio["quantity"].tolist() == [5]  # type: ignore[index]


def test_the_bots_are_as_short_as_the_page_says() -> None:
    limits = {"contrarian": 25, "market maker": 45}
    for name, limit in limits.items():
        (code,) = programs(name, WRITTEN_URL)
        assert len([line for line in code.splitlines() if line.strip()]) <= limit

"""Visitors with a browser, and programs that use the gateway through the web door."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from browser import chromium
from multidict import CIMultiDict
from real_exchange import RealExchange

from engine.types import Side
from net.client import Client
from net.errors import NotConnected
from net.rest_client import RestClient, rest_url
from tests.tui.hosting.conftest import PATIENCE_S, Screen, audit_lines, runs, until
from tui.hosting.admission import Limits
from tui.hosting.lobby import Lobby
from tui.hosting.web_door import WebConfig, WebDoor, web_door
from tui.hosting.web_guard import Role
from tui.picture import browser

pytestmark = pytest.mark.e2e

GRACE_S = 1.0


@pytest.fixture
async def door(visitors: Lobby, exchange: RealExchange, tmp_path: Path) -> AsyncIterator[WebDoor]:
    config = WebConfig(port=0, data_dir=tmp_path, public_url="https://exchange.example.org", grace_s=GRACE_S)
    async with web_door(config, exchange.url, visitors) as serving:
        yield serving


@pytest.fixture
async def http(door: WebDoor) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[address(door)])
    async with aiohttp.ClientSession(base_url=address(door), cookie_jar=jar) as session:
        yield session


def address(door: WebDoor) -> str:
    return f"http://127.0.0.1:{door.port}"


class Tab:
    """A page's terminal, as its script drives it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.screen = Screen()

    async def sees(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.screen.text:
                frame = await self._socket.receive()
                assert frame.type is aiohttp.WSMsgType.BINARY, (frame, self.screen.text)
                self.screen.write(frame.data.decode(errors="replace"))

    async def press(self, keys: str) -> None:
        await self._socket.send_str(json.dumps(["stdin", keys]))

    async def closed(self) -> str:
        """Wait for the end; the last words."""
        async with asyncio.timeout(PATIENCE_S):
            while (frame := await self._socket.receive()).type is aiohttp.WSMsgType.BINARY:
                self.screen.write(frame.data.decode(errors="replace"))
        return self.screen.text.strip()


@asynccontextmanager
async def tab(http: aiohttp.ClientSession, door: WebDoor, role: Role = Role.TRADE) -> AsyncIterator[Tab]:
    url = f"/console/{role.value}?width=120&height=40"
    async with http.ws_connect(url, headers={"Origin": address(door)}) as socket:
        yield Tab(socket)


async def log_in(http: aiohttp.ClientSession, door: WebDoor, role: Role = Role.TRADE, name: str = "anna") -> None:
    link = door.link(role).removeprefix("https://exchange.example.org")
    async with http.get(f"{link}&name={name}") as page:
        assert "/assets/terminal/js/textual.js" in await page.text()
        assert page.url.query_string == ""


# --- log-in


async def test_a_link_logs_in_and_the_token_leaves_the_address(door: WebDoor, http: aiohttp.ClientSession):
    async with http.get("/") as page:
        assert "Log in" in await page.text()
    async with http.get(f"/?token={door.guard.token(Role.TRADE)}", allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Secure"))
    async with http.post("/login", data={"token": door.guard.token(Role.WATCH)}) as page:
        assert (page.url.path, page.status) == ("/watch", 200)


async def test_a_wrong_token_or_a_forged_cookie_opens_nothing(
    door: WebDoor, http: aiohttp.ClientSession, tmp_path: Path
):
    async with http.get("/?token=wrong") as page:
        assert (page.status, "Log in" in await page.text()) == (403, True)
    http.cookie_jar.update_cookies({f"tradesim_trade_{door.port}": f"secret.anna.{'0' * 64}"})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with tab(http, door):
            pass
    assert refusal.value.status == 401
    assert [(line.event, line.why) for line in audit_lines(tmp_path)] == [("refused", "wrong token")]


async def test_pages_of_others_and_names_of_others_get_nothing(door: WebDoor, http: aiohttp.ClientSession):
    await log_in(http, door)
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        for path in ("/console/trade", "/ws"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                async with http.ws_connect(path, headers=headers):
                    pass
            assert refusal.value.status == 403
        async with http.get("/api/instruments", headers=headers) as answer:
            assert answer.status == 403
    headers = {"Host": "exchange.example.org", "Origin": "https://exchange.example.org"}
    async with http.get("/api/instruments", headers=headers) as answer:
        assert answer.status == 200


# --- the console


async def test_a_reload_finds_its_console_and_its_absence_ends_it(
    door: WebDoor, http: aiohttp.ClientSession, visitors: Lobby, tmp_path: Path
):
    await log_in(http, door)
    async with tab(http, door) as first:
        await first.sees("SAFE")
        await first.press("?")
        await first.sees("HELP ladder")
    [seat] = visitors.seats
    pid = seat.picture.pid
    assert pid is not None
    async with tab(http, door) as again:
        await again.sees("HELP ladder")
        [same] = visitors.seats
        assert same.picture.pid == pid
        async with tab(http, door) as other:
            assert "went on in another page" in await again.closed()
            await other.sees("HELP ladder")
    await until(lambda: not visitors.seats and not runs(pid))
    [entered, left] = audit_lines(tmp_path)
    assert (entered.door, entered.name, entered.trades) == ("web", "anna", True)
    assert (left.who, left.why) == (entered.who, "the browser did not come back")

    await log_in(http, door)
    async with tab(http, door) as back:
        await back.sees("SAFE")
        await back.press("q")
        assert "tradesim: goodbye" in await back.closed()
    assert {line.who for line in audit_lines(tmp_path)} == {entered.who}


async def test_what_a_page_says_wrongly_is_left_alone(door: WebDoor, http: aiohttp.ClientSession):
    await log_in(http, door, Role.WATCH)
    async with http.ws_connect("/console/watch?width=x", headers={"Origin": address(door)}) as socket:
        for text in ("", "[]", '{"stdin":1}', '["resize",{"width":"x"}]', '["resize",{"width":120,"height":40}]'):
            await socket.send_str(text)
        await Tab(socket).sees("SPECTATOR")


class TestFullHouse:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(traders=1)

    async def test_a_second_browser_is_told_that_there_is_no_place(self, door: WebDoor, http: aiohttp.ClientSession):
        await log_in(http, door)
        async with tab(http, door) as first:
            await first.sees("SAFE")
            http.cookie_jar.clear()
            await log_in(http, door)
            async with tab(http, door) as second:
                assert "all places for traders are taken (1)" in await second.closed()


# --- the gateway behind it


async def test_bots_and_rest_use_the_gateway_through_the_door_unchanged(door: WebDoor, exchange: RealExchange):
    base = address(door)
    async with Client(f"{base.replace('http', 'ws')}/ws") as bot, RestClient(base, token=exchange.admin_token) as rest:
        registered = await bot.register("bot")
        placed = await bot.add_order(1, Side.BUY, 7, price=99.5)
        assert [order.order_id for order in exchange.service.orders(registered.agent_id)] == [placed.order_id]
        assert [instrument.ticker for instrument in await rest.instruments()] == ["ACME", "WIDG"]
        assert (await rest.set_phase(2, "halt")).status.value == "halted"
    async with aiohttp.ClientSession() as session:
        for path in ("/docs", "/openapi.json", "/metrics", "/api/nothing?x=%2F"):
            async with session.get(base + path) as through, session.get(rest_url(exchange.url) + path) as direct:
                assert (through.status, through.content_type) == (direct.status, direct.content_type)
        through_it, without_it = [await last_words(session, url) for url in (f"{base}/ws", exchange.url)]
        assert through_it == without_it
        assert through_it[0]


async def test_strangers_behind_the_door_are_counted_by_their_own_address(door: WebDoor):
    async def opened(stranger: str, *names: str) -> str:
        claimed = ("X-Forwarded-For", "203.0.113.99")  # by the stranger; the proxy's own header comes behind it
        async with aiohttp.ClientSession() as session:
            url, headers = f"{address(door)}/ws", CIMultiDict([claimed, ("X-Forwarded-For", stranger)])
            async with session.ws_connect(url, headers=headers) as socket:
                for name in names:
                    await socket.send_json({"type": "agent_register", "agent_id": name})
                    while (said := await socket.receive_json())["type"] not in ("agent_registered", "error"):
                        pass
                return str(said["data"]["code"] if said["type"] == "error" else said["type"])

    assert await opened("203.0.113.7", *(f"bot-{number}" for number in range(30))) == "agent_registered"
    assert await opened("203.0.113.7", "one-more") == "rate_limited"
    assert await opened("203.0.113.8", "another") == "agent_registered"


async def last_words(session: aiohttp.ClientSession, url: str) -> tuple[list[str], int | None]:
    """What a gateway answers to nonsense, and how it ends a connection that sends a message far too long."""
    said = []
    async with session.ws_connect(url, autoclose=False) as socket:
        await socket.send_str("nonsense")
        await socket.send_str("x" * 100_000)
        while (frame := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            if '"error"' in frame.data:
                said.append(frame.data)
        return said, socket.close_code if frame.type is aiohttp.WSMsgType.CLOSED else frame.data


async def test_without_a_gateway_the_door_says_so(door: WebDoor, exchange: RealExchange):
    await exchange.stop_gateway()
    async with aiohttp.ClientSession() as session, session.get(f"{address(door)}/health") as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "engine_unavailable")
    with pytest.raises(NotConnected):
        async with Client(f"ws://127.0.0.1:{door.port}/ws", reconnect=False):
            pass
    await exchange.start_gateway()


async def test_the_command_prints_links_that_open(exchange: RealExchange, tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli", "web", "--url", exchange.url, "--data-dir", str(tmp_path)),
        *("--web-port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode().split() for _ in range(3)]
    assert [line[0] for line in lines] == ["ready", "web", "watch"]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        for (_, link), console in zip(lines[1:], ("/console/trade", "/console/watch"), strict=True):
            async with session.get(link) as page:
                assert f'data-console="{console}"' in await page.text()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


# --- a real browser


@pytest.mark.skipif(browser() is None, reason="there is no Chromium")
async def test_a_real_browser_shows_the_console_trades_and_survives_a_reload(
    visitors: Lobby, quoted: RealExchange, tmp_path: Path
):
    config = WebConfig(port=0, data_dir=tmp_path)
    async with web_door(config, quoted.url, visitors) as door, chromium(tmp_path / "profile") as program:
        page = await program.open()
        await page.go(door.link(Role.TRADE))
        await page.until("document.body.classList.contains('-first-byte')")
        await until(lambda: any(view.personality == "human" for view in quoted.service.accounts()))
        [account] = [view.account for view in quoted.service.accounts() if view.personality == "human"]
        [pid] = [seat.picture.pid for seat in visitors.seats]

        def position() -> int:
            view = quoted.service.account(account)
            return sum(held.qty for held in view.positions) if view is not None else 0

        async with asyncio.timeout(PATIENCE_S):
            while position() == 0:
                await page.type("By")
                await asyncio.sleep(0.5)
        await page.reload()
        await page.until("document.body.classList.contains('-first-byte')")
        assert [seat.picture.pid for seat in visitors.seats] == [pid]
        async with asyncio.timeout(PATIENCE_S):
            size = 0
            while size < 20_000:  # an empty page has about 5,000, and the first byte only empties it
                await page.picture(tmp_path / "page.png")
                size = (tmp_path / "page.png").stat().st_size
        assert await page.run("location.search") == ""

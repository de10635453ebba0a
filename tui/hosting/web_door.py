"""The web door: a page with the console, log-in by link, and the gateway behind the same address."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec
import textual_serve
from aiohttp import web

from net.gateway.app import raise_open_files
from net.gateway.serving import bind
from net.rest_client import rest_url
from tui.hosting.admission import Visitor
from tui.hosting.lobby import Lobby
from tui.hosting.passthrough import PREFIXES, Passthrough, visitor_address
from tui.hosting.terminal import Size
from tui.hosting.web_console import Desk, serve_console
from tui.hosting.web_guard import Browser, Guard, Role
from tui.settings import reachable_host

COOKIE_DAYS: Final = 365
HEARTBEAT_S: Final = 10.0
MAX_KEYS_BYTES: Final = 1 << 16
PAGE: Final = Path(__file__).with_name("page")
TERMINAL: Final = Path(textual_serve.__file__).with_name("static")
PATHS: Final = {Role.TRADE: "/", Role.WATCH: "/watch"}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of our own pages: nothing from elsewhere, and no token in a Referer."""


Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the web door."""

    host: str = "127.0.0.1"
    port: int = 8080
    data_dir: Path
    public_url: str | None = None
    """Where others find us, as https://exchange.example.org, when that is not localhost or a literal address."""
    allowed_hosts: tuple[str, ...] = ()
    """Other names by which browsers may address us, besides localhost and literal addresses."""
    allowed_origins: tuple[str, ...] = ()
    """Origins of other pages that may use the gateway through us."""
    tls_cert: str | None = None
    tls_key: str | None = None
    grace_s: float = 60.0
    """How long a trader's console waits for its browser to come back."""


class WebDoor:
    """The routes."""

    def __init__(self, config: WebConfig, guard: Guard, lobby: Lobby, gateway: Passthrough) -> None:
        self.guard = guard
        self.port = config.port
        self.scheme = "https" if config.tls_cert else "http"
        self._config = config
        self._lobby = lobby
        self.desk = Desk(lobby, config.grace_s)
        self.app = web.Application(middlewares=[self._check])
        for role, path in PATHS.items():
            self.app.router.add_get(path, self._page_of(role))
            self.app.router.add_get(f"/console/{role.value}", self._console_of(role))
        self.app.router.add_post("/login", self._login)
        self.app.router.add_static("/assets/terminal", TERMINAL)
        self.app.router.add_static("/assets/page", PAGE)
        for prefix in PREFIXES:
            self.app.router.add_route("*", prefix, gateway.handle)
            self.app.router.add_route("*", prefix + "/{rest:.*}", gateway.handle)

    def link(self, role: Role) -> str:
        """The address to give to somebody."""
        base = (self._config.public_url or f"{self.scheme}://{reachable_host(self._config.host)}:{self.port}").rstrip(
            "/"
        )
        return f"{base}{PATHS[role]}?token={self.guard.token(role)}"

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.guard.allows(request.headers.get("Host"), request.headers.get("Origin")):
            return web.Response(status=403, text="this origin or host name is not allowed here (see --public-url)\n")
        return await handler(request)

    def _page_of(self, role: Role) -> Handler:
        async def page(request: web.Request) -> web.StreamResponse:
            if token := request.query.get("token"):
                return self._let_in(request, token, request.query.get("name", ""))
            return _page("log-in.html" if self._browser(request, role) is None else f"{role.value}.html")

        return page

    async def _login(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        return self._let_in(request, str(form.get("token", "")), str(form.get("name", "")))

    def _let_in(self, request: web.Request, token: str, name: str) -> web.StreamResponse:
        role = self.guard.role(token.strip())
        if role is None:
            self._lobby.refused(Visitor("web", "", "", visitor_address(request), trades=False), "wrong token")
            return _page("log-in.html", status=403)
        browser = self.guard.log_in(role, name, self._browser(request, role))
        response = web.Response(status=303, headers={"Location": PATHS[role], **HEADERS})
        secure = self.scheme == "https" or (self._config.public_url or "").startswith("https:")
        response.set_cookie(
            self._cookie_name(role), self.guard.cookie(browser), max_age=COOKIE_DAYS * 86_400, httponly=True,
            samesite="Lax", secure=secure,
        )  # fmt: skip
        return response

    def _console_of(self, role: Role) -> Handler:
        async def console(request: web.Request) -> web.StreamResponse:
            browser = self._browser(request, role)
            if browser is None or request.headers.get("Origin") is None:
                return web.Response(status=401, text="log in first\n")
            trades = role is Role.TRADE
            visitor = Visitor("web", browser.fingerprint, browser.name, visitor_address(request), trades)
            socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_KEYS_BYTES)
            await socket.prepare(request)
            await serve_console(self.desk, browser.fingerprint, visitor, socket, _size(request))
            return socket

        return console

    def _browser(self, request: web.Request, role: Role) -> Browser | None:
        return self.guard.browser(role, request.cookies.get(self._cookie_name(role)))

    def _cookie_name(self, role: Role) -> str:
        return f"tradesim_{role.value}_{self.port}"  # browsers keep cookies by host name, whatever the port


@contextlib.asynccontextmanager
async def web_door(config: WebConfig, gateway_url: str, lobby: Lobby) -> AsyncIterator[WebDoor]:
    """Serve for as long as the context lasts.

    Raises:
        StartupError: the port cannot be had.
    """
    raise_open_files()
    guard = _guard(config)
    tls = _tls(config)
    listener = bind(config.host, config.port)
    async with Passthrough(rest_url(gateway_url)) as gateway:
        door = WebDoor(config, guard, lobby, gateway)
        door.port = listener.getsockname()[1]
        runner = web.AppRunner(door.app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=tls).start()
        try:
            yield door
        finally:
            await runner.cleanup()
            await door.desk.close()


def _guard(config: WebConfig) -> Guard:
    hosts, origins = list(config.allowed_hosts), list(config.allowed_origins)
    if config.public_url is not None:
        public = urlsplit(config.public_url)
        hosts.append(public.hostname or "")
        origins.append(f"{public.scheme}://{public.netloc}")
    return Guard(config.data_dir, hosts, origins)


def _tls(config: WebConfig) -> ssl.SSLContext | None:
    if config.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_cert, config.tls_key)
    return context


def _page(name: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status, text=(PAGE / name).read_text(encoding="utf-8"), content_type="text/html", headers=HEADERS
    )


def _size(request: web.Request) -> Size:
    try:
        return Size.asked(int(request.query.get("width", "0")), int(request.query.get("height", "0")))
    except ValueError:
        return Size.asked(0, 0)

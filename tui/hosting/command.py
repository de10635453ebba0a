"""``tradesim-tui ssh`` and ``web``: an exchange, ours or one that runs elsewhere, with a door for others."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from net.errors import StartupError
from net.logs import configure_logging
from net.process import prepare_data_dir, serve_until_stopped
from tui.flags import ExchangeFlags, encrypted, takes_flags
from tui.hosting.admission import Limits
from tui.tiers import run_command

if TYPE_CHECKING:
    import asyncio

    from tui.hosting.lobby import Exchange
    from tui.hosting.ssh_door import SshConfig
    from tui.hosting.web_door import WebConfig


@dataclass(frozen=True, kw_only=True)
class HostingFlags:
    """What both doors ask on the command line."""

    url: Annotated[
        str | None,
        typer.Option(help="WebSocket address of a running exchange to host; without it one is started, as by `serve`."),
    ] = None
    traders: Annotated[int, typer.Option(min=0, max=500, help="Consoles that trade at the same time.")] = 20
    spectators: Annotated[int, typer.Option(min=0, max=2_000, help="Viewers of the shared screen.")] = 100
    per_address: Annotated[int, typer.Option(min=1, help="Visitors from one address at the same time.")] = 50
    accounts: Annotated[int, typer.Option(min=0, help="Traders that are remembered, at most.")] = 1_000
    idle_minutes: Annotated[
        float, typer.Option(min=0.01, help="A trader who presses no key for so long is sent away.")
    ] = 30.0
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True, help="Stop when standard input ends.")] = (
        False
    )

    def limits(self) -> Limits:
        """How much of this machine visitors may take."""
        return Limits(
            traders=self.traders,
            spectators=self.spectators,
            per_address=self.per_address,
            accounts=self.accounts,
            idle_s=self.idle_minutes * 60,
        )


@takes_flags
def ssh(
    hosting: HostingFlags,
    flags: ExchangeFlags,
    ssh_host: Annotated[
        str, typer.Option("--ssh-host", help="Address to listen on. Anything but loopback is your choice.")
    ] = "127.0.0.1",
    ssh_port: Annotated[int, typer.Option("--ssh-port", min=0, max=65_535, help="Port; 0 takes any.")] = 2222,
    authorized_keys: Annotated[
        Path | None,
        typer.Option(
            "--authorized-keys",
            help="Public keys that may log in, in OpenSSH's format.",
            show_default="authorized_keys in the data directory",
        ),
    ] = None,
    open_door: Annotated[
        bool, typer.Option("--open", help="Demo: anybody may come in; any key trades, and no key watches.")
    ] = False,
) -> None:
    """Host the console over SSH: a visitor gets a console, an account by their public key, and nothing else.

    `ssh -p 2222 NAME@HOST` trades, `ssh -p 2222 watch@HOST` watches the screen that all spectators share. By itself it
    starts an exchange as `serve` does; docs/HOSTING.md says how to let others in safely.
    """
    from tui.hosting.ssh_door import SshConfig
    from tui.hosting.ssh_keys import authorized_file, host_key, read_authorized
    from tui.settings import usable_port

    data_dir = prepare_data_dir(Path(flags.data_dir)).resolve()
    host_key(data_dir)
    config = SshConfig(
        host=ssh_host,
        port=usable_port(ssh_host, ssh_port, "--ssh-port"),
        data_dir=data_dir,
        authorized_keys=authorized_keys or authorized_file(data_dir),
        open=open_door,
    )
    read_authorized(config.authorized_keys)
    raise typer.Exit(run_command(_run_ssh(hosting, flags, config)))


@takes_flags
def web(
    hosting: HostingFlags,
    flags: ExchangeFlags,
    web_host: Annotated[
        str, typer.Option("--web-host", help="Address to listen on. Anything but loopback is your choice.")
    ] = "127.0.0.1",
    web_port: Annotated[int, typer.Option("--web-port", min=0, max=65_535, help="Port; 0 takes any.")] = 8080,
    public_url: Annotated[
        str | None,
        typer.Option("--public-url", help="Where others find it, if not at an address: https://exchange.example.org"),
    ] = None,
    grace_s: Annotated[
        float, typer.Option("--grace", min=1.0, help="Seconds that a console waits for its browser to come back.")
    ] = 60.0,
) -> None:
    """Host the console in browsers: prints a link that trades and one that watches.

    A reload finds its console again, a browser its account. What is the gateway's (`/ws`, `/api`, `/hl`, `/docs`, …) is
    passed on to it, so this is the only address to let others reach. By itself it starts an exchange as `serve` does;
    docs/HOSTING.md says how to let others in safely.
    """
    from tui.hosting.web_door import WebConfig
    from tui.settings import usable_port

    if public_url is not None and not public_url.startswith(("http://", "https://")):
        raise StartupError(f"--public-url {public_url}: a base URL looks like https://exchange.example.org")
    config = WebConfig(
        host=web_host,
        port=usable_port(web_host, web_port, "--web-port"),
        data_dir=prepare_data_dir(Path(flags.data_dir)).resolve(),
        public_url=public_url,
        allowed_hosts=tuple(flags.allow_host or ()),
        allowed_origins=tuple(flags.allow_origin or ()),
        **encrypted(flags.tls_cert, flags.tls_key),
        grace_s=grace_s,
    )
    raise typer.Exit(run_command(_run_web(hosting, flags, config)))


async def _run_web(hosting: HostingFlags, flags: ExchangeFlags, config: WebConfig) -> None:
    from tui.hosting.lobby import lobby
    from tui.hosting.web_door import web_door
    from tui.hosting.web_guard import Role

    configure_logging(config.data_dir, "web")
    async with (
        hosted_exchange(flags, hosting.url, config.data_dir) as (exchange, ready, failure),
        lobby(exchange, hosting.limits(), truecolor_for_all=True) as visitors,
        web_door(config, exchange.url, visitors) as door,
    ):
        said = [ready, f"web {door.link(Role.TRADE)}", f"watch {door.link(Role.WATCH)}"]
        await serve_until_stopped("\n".join(said), supervised=hosting.supervised, failure=failure)


async def _run_ssh(hosting: HostingFlags, flags: ExchangeFlags, config: SshConfig) -> None:
    from tui.hosting.lobby import lobby
    from tui.hosting.ssh_door import ssh_door
    from tui.hosting.ssh_keys import read_authorized

    configure_logging(config.data_dir, "ssh")
    async with (
        hosted_exchange(flags, hosting.url, config.data_dir) as (exchange, ready, failure),
        lobby(exchange, hosting.limits(), truecolor_for_all=False) as visitors,
        ssh_door(config, visitors) as door,
    ):
        said = [ready, f"ssh ssh://{config.host}:{door.port}"]
        if not config.open and read_authorized(config.authorized_keys) is None:
            said.append(f"nobody can log in yet: add public keys to {config.authorized_keys} (or start with --open)")
        await serve_until_stopped("\n".join(said), supervised=hosting.supervised, failure=failure)


@contextlib.asynccontextmanager
async def hosted_exchange(
    flags: ExchangeFlags, url: str | None, data_dir: Path
) -> AsyncIterator[tuple[Exchange, str, asyncio.Future[None] | None]]:
    """The exchange to host: the one at the address, or one of our own while the context lasts.

    Yields it with its part of the ready text, and what fails when it does.
    """
    from tui.exchange import ready_text, running_tiers
    from tui.hosting.lobby import Exchange
    from tui.wallet import OWN_EXCHANGE

    if url is not None:
        if not url.startswith(("ws://", "wss://")):
            raise StartupError(f"--url {url}: the address of a gateway looks like ws://127.0.0.1:8000/ws")
        yield Exchange(url, url, data_dir), f"ready {url}", None
        return
    settings = msgspec.structs.replace(flags.settings(), supervised=False)
    async with running_tiers(settings, agents=not flags.no_agents) as supervisor:
        await supervisor.wait_ready()
        yield Exchange(settings.ws_url, OWN_EXCHANGE, data_dir), ready_text(settings), supervisor.failed

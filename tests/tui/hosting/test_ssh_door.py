"""Visitors with the real OpenSSH client."""

from __future__ import annotations

import asyncio
import shutil
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from real_exchange import RealExchange

from tests.tui.hosting.conftest import PATIENCE_S, USUAL, Person, audit_lines, children_of, runs, until, write_key
from tui.hosting.admission import Limits
from tui.hosting.lobby import Lobby
from tui.hosting.ssh_door import MAX_STRANGERS_EACH, SshConfig, SshDoor, ssh_door
from tui.hosting.terminal import Size

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh program"),
]


class Host:
    """The door, and a way in for clients."""

    def __init__(self, door: SshDoor, data_dir: Path, stack: AsyncExitStack) -> None:
        self.door = door
        self.data_dir = data_dir
        self._stack = stack

    def command(self, key: str, *arguments: str) -> list[str]:
        return ssh_command(self.data_dir, self.door.port, key, *arguments)

    async def visit(self, user: str, key: str = "alice", size: Size = USUAL) -> Person:
        client = await Person(*self.command(key, f"{user}@127.0.0.1")).start(size)
        self._stack.push_async_callback(client.close)
        return client

    async def run(self, *arguments: str) -> tuple[int | None, str]:
        """Run ssh without a terminal; its exit status and what it complained about."""
        process = await asyncio.create_subprocess_exec(
            *self.command("alice", *arguments),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        return process.returncode, output.decode()


def ssh_command(data_dir: Path, port: int, key: str, *arguments: str) -> list[str]:
    options = (
        "StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={data_dir / 'known_hosts'}", "IdentitiesOnly=yes",
        f"IdentityFile={data_dir / key}", "LogLevel=ERROR", "IdentityAgent=none",
    )  # fmt: skip
    return ["ssh", "-F", "none", "-p", str(port), *(part for option in options for part in ("-o", option)), *arguments]


@pytest.fixture
async def host(visitors: Lobby, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    allowed = tmp_path / "allowed"
    write_key(tmp_path / "alice")
    write_key(tmp_path / "mallory")
    allowed.write_bytes((tmp_path / "alice.pub").read_bytes())
    is_open = request.node.get_closest_marker("open_host") is not None
    config = SshConfig(port=0, data_dir=tmp_path, authorized_keys=allowed, open=is_open)
    async with ssh_door(config, visitors) as door, AsyncExitStack() as stack:
        yield Host(door, tmp_path, stack)


async def test_a_trader_is_dropped_comes_back_and_finds_account_and_order(
    host: Host, quoted: RealExchange, visitors: Lobby
):
    client = await host.visit("alice")
    await client.sees("at 99.99")
    client.press("B")
    await client.sees("trades at once   y yes")
    client.press("y")
    await client.sees("pos +10 @100.01")
    accounts = [view.account for view in quoted.service.accounts()]

    [seat] = visitors.seats
    pid = seat.picture.pid
    assert pid is not None
    client.terminal.signal(signal.SIGKILL)
    await until(lambda: not runs(pid) and not visitors.seats)

    again = await host.visit("bob")
    await again.sees("pos +10 @100.01")
    await again.sees("98,999.90")
    assert [view.account for view in quoted.service.accounts()] == accounts

    again.terminal.resize(Size(50, 10))
    await again.sees("60")

    [entered, left, *_] = audit_lines(host.data_dir)
    assert (entered.event, entered.door, entered.name, entered.address, entered.trades) == (
        "entered", "ssh", "alice", "127.0.0.1", True,
    )  # fmt: skip
    assert entered.who.startswith("SHA256:")
    assert (left.event, left.who, left.why) == ("left", entered.who, "the line closed")
    assert left.seconds is not None
    [wallet] = (host.data_dir / "visitors").glob("*/accounts.json")
    assert stat.S_IMODE(wallet.stat().st_mode) == 0o600


async def test_spectators_share_one_console_and_a_latecomer_gets_the_whole_picture(
    host: Host, exchange: RealExchange, visitors: Lobby
):
    first = await host.visit("watch")
    await first.sees("SPECTATOR")
    late, small = await host.visit("watch", size=Size(140, 50)), await host.visit("watch", size=Size(100, 30))
    for corner in ("LADDER ACME", "quit", "NEWS", "WORKING"):
        await late.sees(corner)
    await small.sees("the shared screen is 120x40; this terminal is 100x30")
    assert "LADDER" not in small.screen.text
    small.terminal.resize(Size(120, 40))
    await small.sees("LADDER ACME")

    assert len({seat.picture.pid for seat in visitors.seats}) == 1
    late.press("q")
    assert await late.end() == 0
    await late.sees("goodbye")
    await until(lambda: len(visitors.seats) == 2)
    assert {view.personality for view in exchange.service.accounts()} == {"exchange"}


async def test_only_the_console_may_run(host: Host):
    assert await host.run("alice@127.0.0.1", "id") == (255, "exec request failed on channel 0\r\n")
    assert await host.run("-T", "alice@127.0.0.1") == (255, "shell request failed on channel 0\r\n")
    assert await host.run("-s", "alice@127.0.0.1", "sftp") == (255, "subsystem request failed on channel 0\r\n")
    status, said = await host.run("-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9", "alice@127.0.0.1")
    assert (status, "remote port forwarding failed" in said) == (255, True)
    status, said = await host.run("-W", "127.0.0.1:9", "alice@127.0.0.1")
    assert (status, said) == (255, "stdio forwarding failed\r\n")
    assert {line.why for line in audit_lines(host.data_dir)} == {
        "asked to run a command", "no terminal", "asked for a subsystem",
    }  # fmt: skip


async def test_one_address_cannot_take_all_places_before_the_door(host: Host):
    lines = [await asyncio.open_connection("127.0.0.1", host.door.port) for _ in range(MAX_STRANGERS_EACH + 1)]
    greetings = [await asyncio.wait_for(reader.readline(), PATIENCE_S) for reader, _ in lines]
    assert [greeting.startswith(b"SSH-2.0-") for greeting in greetings] == [True] * MAX_STRANGERS_EACH + [False]
    for _, writer in lines:
        writer.close()
    await until(lambda: not host.door.strangers)


async def test_an_unknown_key_stays_outside_until_it_is_added(host: Host):
    stranger = await host.visit("mallory", "mallory")
    assert await stranger.end() == 255
    assert "Permission denied (publickey)" in stranger.screen.text

    public = (host.data_dir / "mallory.pub").read_text(encoding="ascii")
    with (host.data_dir / "allowed").open("a", encoding="ascii") as file:
        file.write(public)
    known = await host.visit("watch", "mallory")
    await known.sees("SPECTATOR")


@pytest.mark.open_host
async def test_on_an_open_host_any_key_trades_and_no_key_watches(host: Host, visitors: Lobby):
    trader = await host.visit("mallory", "mallory")
    await trader.sees("SAFE")
    guest = await host.visit("guest", "missing")
    await guest.sees("SPECTATOR")
    assert sorted((seat.visitor.name, seat.visitor.trades, bool(seat.visitor.who)) for seat in visitors.seats) == [
        ("guest", False, False), ("mallory", True, True),
    ]  # fmt: skip


class TestFullHouse:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(traders=1)

    async def test_whoever_comes_too_late_is_told_and_ends_in_order(self, host: Host):
        first = await host.visit("alice")
        await first.sees("SAFE")
        second = await host.visit("alice")
        await second.sees("all places for traders are taken (1)")
        assert await second.end() == 0
        assert [line.event for line in audit_lines(host.data_dir)] == ["entered", "refused"]


class TestSleepers:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(idle_s=0.5)

    async def test_a_trader_who_presses_no_key_is_sent_away(self, host: Host, visitors: Lobby):
        client = await host.visit("alice")
        await client.sees("your account is kept")
        assert await client.end() == 0
        await until(lambda: not visitors.seats)
        assert [line.event for line in audit_lines(host.data_dir)] == ["entered", "left"]


class TestNoMoreAccounts:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(accounts=0)

    async def test_a_new_trader_is_turned_away(self, host: Host, visitors: Lobby):
        client = await host.visit("alice")
        await client.sees("there are no more accounts for new traders; you are welcome to watch")
        assert await client.end() == 0


async def test_the_command_starts_a_door_on_a_running_exchange_and_its_death_leaves_no_orphan(
    exchange: RealExchange, tmp_path: Path
):
    write_key(tmp_path / "alice")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli", "ssh", "--url", exchange.url, "--data-dir", str(tmp_path)),
        *("--ssh-port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode() for _ in range(3)]
    assert lines[0] == f"ready {exchange.url}\n"
    assert f"add public keys to {tmp_path / 'authorized_keys'}" in lines[2]
    (tmp_path / "authorized_keys").write_bytes((tmp_path / "alice.pub").read_bytes())
    port = int(lines[1].rpartition(":")[2])
    client = await Person(*ssh_command(tmp_path, port, "alice", "alice@127.0.0.1")).start()
    await client.sees("SAFE")
    [console] = children_of(process.pid)
    process.kill()
    await until(lambda: not runs(console))
    await process.wait()
    assert await client.end() == 255

"""The SSH door: log-in by public key, one console a connection, and nothing else that SSH can do."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncssh
import msgspec

from net.errors import StartupError
from net.logs import get_logger
from tui.hosting.admission import Visitor
from tui.hosting.lobby import Lobby
from tui.hosting.ssh_console import Console
from tui.hosting.ssh_keys import host_key, read_authorized

WATCH: Final = "watch"
"""Whoever logs in by this name only watches."""
KEEPALIVE_S: Final = 5.0
LOGIN_TIMEOUT_S: Final = 20.0
OPEN_TIMEOUT_S: Final = 10.0
"""How long a logged-in client may take to open its console."""
MAX_STRANGERS: Final = 50
"""Connections that may be without a console at the same time, because they log in or ask for other things."""
MAX_STRANGERS_EACH: Final = 10
"""The same, from one address."""

log = get_logger(__name__)


class SshConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the SSH door."""

    host: str = "127.0.0.1"
    port: int = 2222
    data_dir: Path
    authorized_keys: Path
    open: bool = False
    """Let anybody in: whoever has a key, any key, trades; whoever has none watches."""


class SshDoor:
    """What the connections share."""

    def __init__(self, config: SshConfig, lobby: Lobby) -> None:
        self.config = config
        self.lobby = lobby
        self.strangers: Counter[str] = Counter()
        """Connections without a console, by address."""
        self.port = config.port

    def knows(self, key: asyncssh.SSHKey, address: str) -> bool:
        """Whether a key may come in; the file is read anew, so that keys can be added and removed at any time."""
        if self.config.open:
            return True
        try:
            keys = read_authorized(self.config.authorized_keys)
        except StartupError as error:
            log.error("nobody can log in", why=str(error))
            return False
        return keys is not None and keys.validate(key, address, address) is not None


@contextlib.asynccontextmanager
async def ssh_door(config: SshConfig, lobby: Lobby) -> AsyncIterator[SshDoor]:
    """Serve for as long as the context lasts.

    Raises:
        StartupError: the port or the host key cannot be had.
    """
    door = SshDoor(config, lobby)
    key = host_key(config.data_dir)
    try:
        listener = await asyncssh.listen(
            config.host, config.port, server_factory=lambda: Connection(door), server_host_keys=[key],
            encoding=None, line_editor=False, allow_scp=False, agent_forwarding=False, x11_forwarding=False,
            gss_host=None, host_based_auth=False, password_auth=False, login_timeout=LOGIN_TIMEOUT_S,
            keepalive_interval=KEEPALIVE_S, keepalive_count_max=2, server_version="tradesim", config=[],
        )  # fmt: skip
    except OSError as error:
        reason = error.strerror or error
        raise StartupError(f"cannot listen on {config.host} port {config.port}: {reason}; see --ssh-port") from error
    door.port = listener.get_port()
    try:
        yield door
    finally:
        listener.close()
        await listener.wait_closed()


class Connection(asyncssh.SSHServer):
    """One SSH connection: who it is. Everything that is not a console is refused by asyncssh's defaults."""

    def __init__(self, door: SshDoor) -> None:
        self._door = door
        self._conn: asyncssh.SSHServerConnection
        self._address = ""
        self._name = ""
        self._fingerprint = ""
        self._stranger = True
        self._console: Console | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Somebody connects."""
        self._conn = conn
        self._address = str(conn.get_extra_info("peername")[0])
        strangers = self._door.strangers
        strangers[self._address] += 1
        if strangers[self._address] > MAX_STRANGERS_EACH or strangers.total() > MAX_STRANGERS:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._settled()

    def begin_auth(self, username: str) -> bool:
        """Ask for a key, except of who only wants to watch an open host."""
        self._name, self._fingerprint = username, ""
        return not (self._door.config.open and username == WATCH)

    def public_key_auth_supported(self) -> bool:
        """Keys are how people are told apart."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Note the key that is tried; asyncssh goes on only with a proof that the client has it."""
        self._fingerprint = key.get_fingerprint("sha256") if self._door.knows(key, self._address) else ""
        return bool(self._fingerprint)

    def kbdint_auth_supported(self) -> bool:
        """An open host asks those without a key nothing."""
        return self._door.config.open

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> asyncssh.misc.MaybeAwait[object]:  # type: ignore[override]
        """No question, only what they miss."""
        return "", "You watch. To trade, log in with a key: ssh-keygen makes one.", "", []

    def validate_kbdint_response(self, username: str, responses: list[str]) -> bool:  # type: ignore[override]
        """Let them in as nobody: a key that was only tried before proves nothing."""
        self._fingerprint = ""
        return True

    def auth_completed(self) -> None:
        """They are in; now they should open their console."""
        self._deadline = asyncio.get_running_loop().call_later(OPEN_TIMEOUT_S, self._conn.close)

    def session_requested(self) -> Console | bool:
        """One console a connection."""
        if self._console is not None:
            return False
        trades = bool(self._fingerprint) and self._name != WATCH
        name = re.sub(r"[^A-Za-z0-9_.-]", "", self._name)[:24] or "trader"
        visitor = Visitor("ssh", self._fingerprint, name, self._address, trades)
        self._console = Console(self._door.lobby, visitor, self._conn, self._settled)
        return self._console

    def _settled(self) -> None:
        """They have a console, or are gone."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self._stranger:
            self._stranger = False
            self._door.strangers[self._address] -= 1
            if not self._door.strangers[self._address]:
                del self._door.strangers[self._address]

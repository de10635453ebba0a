"""Who a browser is: links with a token, cookies that keep it, and pages that may not speak for it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from net.gateway.auth import OriginPolicy, same_token, token_file

_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
_LOOPBACK: Final = "127.0.0.1"


class Role(Enum):
    """What a link lets its holder do."""

    TRADE = "trade"
    WATCH = "watch"


@dataclass(frozen=True)
class Browser:
    """A browser that came by a link."""

    role: Role
    secret: str
    """Made for it; whoever has it has the account."""
    name: str

    @property
    def fingerprint(self) -> str:
        """What it is known by where others may read."""
        return "SHA256:" + hashlib.sha256(self.secret.encode()).hexdigest()[:32]


class Guard:
    """Decides about requests. The two tokens are made on the first run, in files that only their owner can read."""

    def __init__(self, data_dir: Path, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> None:
        self._tokens = {role: token_file(data_dir / f"web.{role.value}.token") for role in Role}
        # As for a server on loopback: names by which a foreign page could reach us (DNS rebinding) need to be allowed.
        self._policy = OriginPolicy(_LOOPBACK, origins, hosts)

    def token(self, role: Role) -> str:
        """The token of a role's link."""
        return self._tokens[role]

    def allows(self, host: str | None, origin: str | None) -> bool:
        """Whether a request with these headers may be answered at all."""
        return self._policy.allows(host, origin)

    def role(self, token: str) -> Role | None:
        """What a token permits; None for a wrong one."""
        return next((role for role, expected in self._tokens.items() if same_token(token, expected)), None)

    def log_in(self, role: Role, name: str, before: Browser | None) -> Browser:
        """A browser with a token of this role; the same as before if it was let in already."""
        name = _NAME.sub("", name)[:24] or (before.name if before else role.value)
        return Browser(role, before.secret if before else secrets.token_urlsafe(24), name)

    def cookie(self, browser: Browser) -> str:
        """What the browser keeps; of no use once the role's token has changed."""
        text = f"{browser.secret}.{browser.name}"
        return f"{text}.{self._seal(browser.role, text)}"

    def browser(self, role: Role, cookie: str | None) -> Browser | None:
        """The browser that shows a cookie of a role; None when it is none of ours."""
        text, _, seal = (cookie or "").rpartition(".")
        secret, _, name = text.partition(".")
        return Browser(role, secret, name) if hmac.compare_digest(seal, self._seal(role, text)) else None

    def _seal(self, role: Role, text: str) -> str:
        return hmac.new(self._tokens[role].encode(), text.encode(), hashlib.sha256).hexdigest()

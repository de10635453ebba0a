"""Secrets: the token of an account, the two token files of the data directory, and which web pages may connect.

A token is 256 random bits; only a salted SHA-256 of it is stored (with the account, in the engine), which is enough
for a secret that nobody can guess. The admin token opens the administration, the service token resumes any account:
whoever can read the data directory may have them.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from net.process import is_loopback

_SCHEME = "sha256"
_BEARER = "bearer "


def new_token() -> str:
    """A fresh secret."""
    return secrets.token_urlsafe(32)


def credential_of(token: str) -> str:
    """What may be stored of a token."""
    salt = secrets.token_hex(8)
    return f"{_SCHEME}${salt}${_digest(salt, token)}"


def token_matches(token: str, credential: str) -> bool:
    """Whether ``credential`` was made from ``token``; an empty credential matches nothing."""
    scheme, _, rest = credential.partition("$")
    salt, _, digest = rest.partition("$")
    return scheme == _SCHEME and bool(digest) and hmac.compare_digest(_digest(salt, token), digest)


def same_token(given: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def bearer_token(authorization: str | None) -> str | None:
    """The token of an ``Authorization: Bearer …`` header."""
    if authorization is None or authorization[: len(_BEARER)].lower() != _BEARER:
        return None
    return authorization[len(_BEARER) :].strip() or None


def token_file(path: Path) -> str:
    """The secret kept in ``path``, made now if there is none; readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if kept:
            path.chmod(0o600)
            return kept
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
    token = new_token()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    path.chmod(0o600)
    return token


class OriginPolicy:
    """Decides by a request's Host and Origin headers whether a web page is behind it that should get nothing.

    Programs send no Origin. A page served by the gateway itself has the Origin of the Host it asks. Any other page
    needs to be named by a flag, and so does a name by which our own are asked for: a foreign page whose name was made
    to point at our address (DNS rebinding) would otherwise count as ours. On a loopback address programs have to use a
    known name too.
    """

    def __init__(self, bound_host: str, origins: Sequence[str] = (), hosts: Sequence[str] = ()) -> None:
        self._origins = {origin.rstrip("/").lower() for origin in origins}
        self._hosts = {host.lower() for host in hosts} | {"localhost"}
        self._check_host = is_loopback(bound_host)

    def allows(self, host: str | None, origin: str | None) -> bool:
        """Whether a request with these headers may be answered."""
        if self._check_host and not self._is_known(host):
            return False
        if origin is None:
            return True
        wanted = origin.rstrip("/").lower()
        if wanted in self._origins:
            return True
        if host is None or not self._is_known(host):
            return False
        return wanted in (f"http://{host.lower()}", f"https://{host.lower()}")

    def _is_known(self, host: str | None) -> bool:
        if host is None:
            return False
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name is not None and (name in self._hosts or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _digest(salt: str, token: str) -> str:
    return hashlib.sha256(f"{salt}{token}".encode()).hexdigest()

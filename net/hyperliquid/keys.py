"""The key that signs real orders: from the environment or a file that only its owner can read, never from a flag.

Signing is the official SDK's (the extra ``hyperliquid``). The key itself is kept inside the wallet object and appears
in no message, log or representation.
"""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from net.errors import StartupError
from net.hyperliquid.signing import normal_address

KEY_VARIABLE: Final = "HYPERLIQUID_SECRET_KEY"


class Signer(Protocol):
    """Signs L1 actions."""

    @property
    def address(self) -> str:
        """Address of the key, in lower case."""

    def sign(self, action: dict[str, Any], nonce: int, expires_after: int | None) -> dict[str, Any]:
        """The signature of an action as the wire has it."""


class SdkSigner:
    """Signs with the official SDK.

    Raises:
        StartupError: the extra is not installed, or the key is none.
    """

    def __init__(self, key: str, *, mainnet: bool) -> None:
        try:
            self._signing: Any = importlib.import_module("hyperliquid.utils.signing")
            accounts: Any = importlib.import_module("eth_account")
        except ImportError as error:
            raise StartupError("signing orders needs the extra: pip install 'tradesim-tui[hyperliquid]'") from error
        try:
            self._wallet: Any = accounts.Account.from_key(key)
        except Exception:  # whatever the library says of a bad key may quote it
            raise StartupError("what should be a private key is none") from None
        self._mainnet = mainnet

    def __repr__(self) -> str:
        return f"SdkSigner({self.address})"

    @property
    def address(self) -> str:
        """Address of the key, in lower case."""
        return normal_address(self._wallet.address)

    def sign(self, action: dict[str, Any], nonce: int, expires_after: int | None) -> dict[str, Any]:
        """The signature of an action as the wire has it."""
        signed = self._signing.sign_l1_action(self._wallet, action, None, nonce, expires_after, self._mainnet)
        return dict(signed)


def read_key(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """The private key from ``file``, or from the environment when there is no file.

    Raises:
        StartupError: there is none, or others than the owner may read the file.
    """
    if file is None:
        key = environment.get(KEY_VARIABLE, "").strip()
        if not key:
            raise StartupError(f"no key: set {KEY_VARIABLE} or name a file of mode 0600 that holds it")
        return key
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise StartupError(f"{file} may be read by others (mode {mode:04o}): chmod 600 it first")
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"the key file {file} cannot be read: {type(error).__name__}") from error

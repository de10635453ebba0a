"""Keys of the SSH door: the host's own, made on the first run, and those of the people who may come in."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh

from net.errors import StartupError

HOST_KEY_FILE = "ssh_host_ed25519_key"
AUTHORIZED_FILE = "authorized_keys"
_ALGORITHM = "ssh-ed25519"
_HINT = "# Public keys of those who may log in, one a line; read anew at each login.\n"


def host_key(data_dir: Path) -> asyncssh.SSHKey:
    """The host's key; made if there is none, readable by its owner only.

    Raises:
        StartupError: the file is no key, or cannot be read or written.
    """
    path = data_dir / HOST_KEY_FILE
    try:
        if not path.exists():
            key = asyncssh.generate_private_key(_ALGORITHM, comment="tradesim-tui")
            _write_new(path, key.export_private_key())
        path.chmod(0o600)
        return asyncssh.read_private_key(path)
    except FileExistsError:
        return asyncssh.read_private_key(path)  # another host of this directory was faster
    except (OSError, asyncssh.KeyImportError) as error:
        raise StartupError(f"the host key {path} cannot be used: {error}") from error


def authorized_file(data_dir: Path) -> Path:
    """The file of keys that may log in when no other is named; made empty if there is none."""
    path = data_dir / AUTHORIZED_FILE
    if not path.exists():
        _write_new(path, _HINT.encode())
    return path


def read_authorized(path: Path) -> asyncssh.SSHAuthorizedKeys | None:
    """The keys in a file of OpenSSH's format; None when it holds none.

    Raises:
        StartupError: it cannot be read, or a line is no key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        keys = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        return asyncssh.import_authorized_keys("\n".join(keys)) if keys else None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise StartupError(f"the authorized keys {path} cannot be used: {error}") from error


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; it appears whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()

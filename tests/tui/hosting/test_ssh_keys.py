"""Keys of the SSH door."""

import stat
from pathlib import Path

import asyncssh
import pytest

from net.errors import StartupError
from tests.tui.hosting.conftest import write_key
from tui.hosting.ssh_console import Console
from tui.hosting.ssh_door import Connection, SshConfig, SshDoor
from tui.hosting.ssh_keys import authorized_file, host_key, read_authorized


def test_the_host_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path):
    first = host_key(tmp_path)
    [path] = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert host_key(tmp_path).get_fingerprint() == first.get_fingerprint()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_broken_host_key_is_told_in_a_line(tmp_path: Path):
    (tmp_path / "ssh_host_ed25519_key").write_text("no key")
    with pytest.raises(StartupError, match="ssh_host_ed25519_key cannot be used"):
        host_key(tmp_path)


def test_a_new_file_of_authorized_keys_lets_nobody_in(tmp_path: Path):
    path = authorized_file(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_authorized(path) is None


def test_authorized_keys_are_openssh_lines_with_their_options(tmp_path: Path):
    key, other = (write_key(tmp_path / name).convert_to_public() for name in "ab")
    path = tmp_path / "authorized_keys"
    path.write_text(f'# friends\n\nfrom="10.0.0.0/8" {key.export_public_key().decode()}')
    keys = read_authorized(path)
    assert isinstance(keys, asyncssh.SSHAuthorizedKeys)
    assert keys.validate(key, "10.1.2.3", "10.1.2.3") is not None
    assert keys.validate(key, "192.0.2.1", "192.0.2.1") is None
    assert keys.validate(other, "10.1.2.3", "10.1.2.3") is None


@pytest.mark.parametrize("text", ["ssh-ed25519 nonsense", "\x00"])
def test_authorized_keys_that_are_none_are_told_in_a_line(tmp_path: Path, text: str):
    path = tmp_path / "authorized_keys"
    path.write_text(text)
    with pytest.raises(StartupError, match="cannot be used"):
        read_authorized(path)


class Line:
    """Of an SSH connection, only where it comes from."""

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return ("192.0.2.1", 40_000)


def test_a_key_that_was_only_tried_is_nobodys_proof(tmp_path: Path):
    """On an open host a client may name anybody's public key, and then come in without any."""
    config = SshConfig(data_dir=tmp_path, authorized_keys=tmp_path / "none", open=True)
    connection = Connection(SshDoor(config, lobby=None))  # type: ignore[arg-type]
    connection.connection_made(Line())  # type: ignore[arg-type]
    assert connection.begin_auth("anna")
    assert connection.validate_public_key("anna", write_key(tmp_path / "a").convert_to_public())
    assert connection.validate_kbdint_response("anna", []) is True
    console = connection.session_requested()
    assert isinstance(console, Console)
    assert (console.visitor.trades, console.visitor.who) == (False, "")
    assert connection.session_requested() is False

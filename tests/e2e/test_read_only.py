"""A recorded session where nothing can be written: a read-only mount, in a name space of the test's own."""

import subprocess
import sys
from pathlib import Path

import pytest
from recorded import COMMANDS, killed, stopped

UNSHARE = ("unshare", "-rm")
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(autouse=True)
def may_mount(tmp_path: Path) -> None:
    try:
        mounted = run(*UNSHARE, "sh", "-c", MOUNT, str(tmp_path), "true").returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("this machine lets nobody mount anything in a name space of his own")


def on_a_read_only_mount(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(*UNSHARE, "sh", "-c", MOUNT, str(folder), sys.executable, "-m", "tui.cli", *arguments)


@pytest.mark.e2e
@pytest.mark.parametrize("leave", [stopped, killed])
def test_a_session_is_verified_and_exported_from_a_read_only_mount(tmp_path: Path, leave: object) -> None:
    data_dir = leave(tmp_path / "data")  # type: ignore[operator]
    before = {path.name: path.read_bytes() for path in data_dir.iterdir()}
    verified = on_a_read_only_mount(data_dir, "verify", str(data_dir))
    assert verified.returncode == 0, verified
    assert f"commands    {COMMANDS}\n" in verified.stdout
    exported = on_a_read_only_mount(data_dir, "export", str(data_dir), "--out", str(tmp_path / "out"))
    assert exported.returncode == 0, exported
    assert {path.name: path.read_bytes() for path in data_dir.iterdir()} == before

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import msgspec
import pytest
import structlog

from engine.journal_files import boot_id
from net.errors import StartupError
from net.logs import configure_logging, mask_secrets
from net.process import Ready, client_address, prepare_data_dir

WAITS = """
import asyncio, sys
from net.process import client_address, Ready, run, serve_until_stopped

async def main():
    failure = asyncio.get_running_loop().create_future()
    if "fail" in sys.argv:
        asyncio.get_running_loop().call_later(0.01, failure.set_exception, ZeroDivisionError("a bug"))
    ready = Ready("thing", "127.0.0.1", 7)
    reason = await serve_until_stopped(ready, supervised="supervised" in sys.argv, failure=failure)
    print(reason, type(asyncio.get_running_loop()).__module__)

run(main())
"""


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WAITS,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def test_a_ready_line_leaves_out_an_address_that_is_none() -> None:
    assert msgspec.json.encode(Ready("agents")) == b'{"ready":"agents"}'


async def test_one_ready_line_is_printed_then_the_process_waits() -> None:
    process = await start()
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline()) == {"ready": "thing", "host": "127.0.0.1", "port": 7}
    process.send_signal(signal.SIGTERM)
    rest, errors = await process.communicate()
    assert (rest, errors, process.returncode) == (b"SIGTERM uvloop\n", b"", 0)


async def test_the_end_of_standard_input_stops_a_supervised_process_only() -> None:
    supervised, alone = await start("supervised"), await start()
    for process in (supervised, alone):
        assert process.stdout is not None
        await process.stdout.readline()
        assert process.stdin is not None
        process.stdin.close()
    rest, _ = await supervised.communicate()
    assert rest.startswith(b"the supervisor is gone")
    assert alone.returncode is None
    alone.send_signal(signal.SIGHUP)
    assert (await alone.communicate())[0].startswith(b"SIGHUP")


async def test_a_failure_ends_the_process_with_its_traceback() -> None:
    process = await start("fail")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"ZeroDivisionError: a bug" in errors


async def test_a_reader_that_has_gone_does_not_matter() -> None:
    process = await start("supervised")
    assert process.stdout is not None
    await process.stdout.readline()
    process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
    assert process.stdin is not None
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 10)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    configure_logging(tmp_path, "test")
    yield tmp_path / "logs" / "test.log"
    configure_logging(None, "test")
    structlog.reset_defaults()
    logging.captureWarnings(False)


def entries(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_logs_are_json_lines_in_a_file_and_never_on_the_screen(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("mine").info("hello", number=7, path=Path("x"))
    logging.getLogger("library").warning("be %s", "careful")
    ours, theirs = entries(logs)
    assert (ours["event"], ours["number"], ours["path"], ours["level"], ours["logger"]) == (
        "hello",
        7,
        "x",
        "info",
        "mine",
    )
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("be careful", "warning", "library")
    assert capfd.readouterr() == ("", "")


def test_an_exception_is_one_line_with_its_traceback(logs: Path) -> None:
    try:
        raise ZeroDivisionError("a bug")
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    assert "ZeroDivisionError: a bug" in entries(logs)[0]["exception"]


@pytest.mark.parametrize(
    ("entry", "masked"),
    [
        ({"token": "s3cret"}, {"token": "***"}),
        ({"Authorization": "Bearer s3cret"}, {"Authorization": "***"}),
        ({"event": "GET /ws?token=s3cret&x=1"}, {"event": "GET /ws?token=***&x=1"}),
        ({"event": '{"token": "s3cret", "a": 1}'}, {"event": '{"token": "***", "a": 1}'}),
        ({"event": "tokens are spent", "count": 3}, {"event": "tokens are spent", "count": 3}),
    ],
)
def test_secrets_are_masked(entry: dict, masked: dict) -> None:
    assert mask_secrets(None, "info", entry) == masked


def test_without_a_directory_nothing_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(None, "test")
    structlog.get_logger().error("hello")
    assert capfd.readouterr() == ("", "")
    structlog.reset_defaults()
    logging.captureWarnings(False)


def test_a_data_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    made = prepare_data_dir(tmp_path / "a" / "b")
    assert made.stat().st_mode & 0o777 == 0o700


def test_a_data_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="cannot be written to: Not a directory"):
        prepare_data_dir(tmp_path / "file" / "b")


def test_the_boot_has_a_name_that_stays() -> None:
    assert boot_id()
    assert boot_id() == boot_id()


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_only_a_proxy_of_this_machine_is_believed_for_whom_it_connects(peer: str, forwarded: str, client: str):
    assert client_address(peer, forwarded) == client

"""The process: how it starts, what it says when it can not, how it ends; and TLS."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from gateway_world import running
from websockets.asyncio.client import connect

from net.client import Client
from net.errors import NotConnected, StartupError
from net.gateway import GatewayConfig, run_gateway
from net.gateway.serving import bind
from net.rest_client import RestClient
from net.trust import CERTIFICATE_VARIABLE

GATEWAY = """
import sys
from pathlib import Path
from net.gateway import GatewayConfig, run_gateway
from net.process import run

run(run_gateway(GatewayConfig(data_dir=Path(sys.argv[1]), port=0, engine_port=int(sys.argv[2]), supervised=True)))
"""


async def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    taken = bind("127.0.0.1", 0)
    taken.listen()
    config = GatewayConfig(data_dir=tmp_path, port=taken.getsockname()[1], engine_port=1)
    with pytest.raises(StartupError, match="in use"):
        await run_gateway(config)
    taken.close()


async def test_a_data_directory_that_can_not_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="data directory"):
        await run_gateway(GatewayConfig(data_dir=tmp_path / "file", port=0))


async def test_a_certificate_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nothing")
    config = GatewayConfig(data_dir=tmp_path, port=0, engine_port=1, tls_cert=tmp_path / "cert.pem")
    with pytest.raises(StartupError, match="TLS"):
        await run_gateway(config)


async def test_the_process_prints_one_ready_line_and_ends_with_its_parent(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", GATEWAY, str(tmp_path / "data"), str(world.engine.port),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
            assert ready["ready"] == "gateway"
            async with connect(f"ws://127.0.0.1:{ready['port']}/ws", proxy=None) as link:
                hello = json.loads(await asyncio.wait_for(link.recv(), 5))
                assert hello["data"]["epoch"] == "first"
                process.stdin.close()
                await asyncio.wait_for(link.wait_closed(), 10)
            assert link.close_code == 1001
            assert await asyncio.wait_for(process.wait(), 10) == 0
            assert await process.stdout.read() == b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for localhost that is its own authority, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("certificates are made with openssl")
    cert, key = directory / "cert.pem", directory / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([openssl, "req", *kind, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


async def test_with_a_certificate_both_doors_are_encrypted(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    async with running(tmp_path, tls_cert=cert, tls_key=key) as world:
        port = world.server.port
        async with httpx.AsyncClient(verify=trust) as http:
            assert (await http.get(f"https://localhost:{port}/health")).json()["status"] == "ok"
        async with connect(f"wss://localhost:{port}/ws", ssl=trust, proxy=None) as link:
            assert json.loads(await link.recv())["type"] == "hello"
            await link.send('{"type":"ping","id":1}')
            while json.loads(await asyncio.wait_for(link.recv(), 5))["type"] != "pong":
                pass
        with pytest.raises((OSError, EOFError)):
            await asyncio.wait_for(_plain(port), 5)


async def test_our_clients_trust_the_certificate_that_the_environment_names_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = certificate(tmp_path / "other")
    async with running(tmp_path, tls_cert=cert, tls_key=key) as world:
        url = f"wss://127.0.0.1:{world.server.port}/ws"  # not the certificate's name
        monkeypatch.setenv(CERTIFICATE_VARIABLE, str(cert))
        async with Client(url) as client, RestClient(url) as rest:
            assert [instrument.ticker for instrument in client.instruments.values()] == ["ACME", "ETH"]
            assert (await rest.health()).engine_connected
        monkeypatch.setenv(CERTIFICATE_VARIABLE, str(other))
        with pytest.raises(NotConnected, match="CERTIFICATE_VERIFY_FAILED"):
            async with Client(url, reconnect=False):
                pass


async def _plain(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"200 OK")
    finally:
        writer.close()
